from vmdsl import (
    Ext2,
    Ext4,
    GiB,
    MiB,
    Mounted,
    Msdos,
    RootFs,
    debootstrap,
    grow_root,
    mkext2,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mount,
    step,
)


@step
def table() -> Msdos:
    return mkmsdos(mkimg(GiB(4)))


@step
def root() -> Mounted[Ext2]:
    return mount(mkext2(mkpart(table(), size=GiB(2))))


@step
def srv() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), start=MiB(2100))), "/srv", on=root())


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def grow() -> None:
    grow_root(system())  # E: ext2 cannot grow while it is in use  # E: root cannot grow: srv is behind it
