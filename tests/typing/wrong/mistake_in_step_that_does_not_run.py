from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    Mounted,
    RootFs,
    chroot,
    debootstrap,
    flag,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mount,
    step,
    step_if,
)

serial = flag(default=False, help="Log in on the serial port.")

@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step_if(serial)
def login() -> None:
    chroot(root(), "systemctl enable serial-getty@ttyS0")  # M: Argument 1 to "chroot" has incompatible type "Mounted[Ext4]"; expected
