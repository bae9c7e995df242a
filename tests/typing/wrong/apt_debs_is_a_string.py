from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    Mounted,
    RootFs,
    apt,
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
    return debootstrap(root(), suite="trixie")


@step
def packages() -> None:
    apt(system(), debs="acme.deb")  # E: debs= is one text
