from vmdsl import (
    Ext4, GiB, Mounted, Msdos, RootFs, debootstrap, grow_root, mkext4, mkextended, mkimg, mkmsdos,
    mkpart, mount, step,
)


@step
def table() -> Msdos:
    return mkmsdos(mkimg(GiB(4)))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkextended(table()))))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def grow() -> None:
    grow_root(system())  # E: root cannot grow: it is in an extended partition
