from vmdsl import (
    Disk,
    GiB,
    Gpt,
    Mounted,
    RootFs,
    Vfat,
    debootstrap,
    mkgpt,
    mkimg,
    mkpart,
    mkvfat,
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
def root() -> Mounted[Vfat]:
    return mount(mkvfat(mkpart(table())))

@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")  # E: a system cannot be on vfat, which root is
