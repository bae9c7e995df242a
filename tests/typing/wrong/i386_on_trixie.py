from vmdsl import (
    Arch,
    Disk,
    Ext4,
    GiB,
    Mounted,
    Msdos,
    RootFs,
    debootstrap,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mount,
    step,
)


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Msdos:
    return mkmsdos(disk())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", arch=Arch.I386)  # E: trixie has no kernel for i386, so the image could not boot
