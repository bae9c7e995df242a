from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    Mounted,
    RootFs,
    apt,
    debootstrap,
    flag,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mount,
    step,
)

debug = flag(default=False, help="Install tools for finding mistakes.")

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


@step
def packages() -> None:
    if debug():
        apt(system(), "strace", recommend=False)  # M: Unexpected keyword argument "recommend" for "apt"; did you mean
