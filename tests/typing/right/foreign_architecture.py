from vmdsl import (
    Arch,
    Disk,
    Ext4,
    GiB,
    Gpt,
    Mounted,
    RootFs,
    debootstrap,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mount,
    step,
)


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
    return debootstrap(root(), suite="trixie", arch=Arch.ALPHA)
