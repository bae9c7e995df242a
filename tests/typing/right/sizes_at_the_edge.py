"""Filesystems as small and as large as their tools make them, and a system that just fits."""

from vmdsl import (
    Disk,
    Ext2,
    Ext4,
    F2fs,
    Gpt,
    MiB,
    Mounted,
    RootFs,
    Swap,
    TiB,
    Vfat,
    chroot,
    debootstrap,
    fstab,
    mkext2,
    mkext4,
    mkf2fs,
    mkgpt,
    mkimg,
    mkpart,
    mkswap,
    mkvfat,
    mount,
    step,
)


@step
def disk() -> Disk:
    return mkimg(TiB(90))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(128))))


@step
def small_fat16() -> Mounted[Vfat]:
    return mount(mkvfat(mkpart(table(), size=MiB(9)), fat=16), "/srv/small_fat16", on=root())


@step
def fat16_of_512() -> Mounted[Vfat]:
    return mount(
        mkvfat(mkpart(table(), size=MiB(3)), fat=16, cluster=512),
        "/srv/fat16_of_512",
        on=root(),
    )


@step
def small_fat32() -> Mounted[Vfat]:
    return mount(mkvfat(mkpart(table(), size=MiB(2)), fat=32), "/srv/small_fat32", on=root())


@step
def large_fat12() -> Mounted[Vfat]:
    return mount(mkvfat(mkpart(table(), size=MiB(255)), fat=12), "/srv/large_fat12", on=root())


@step
def large_fat16() -> Mounted[Vfat]:
    return mount(mkvfat(mkpart(table(), size=MiB(4095)), fat=16), "/srv/large_fat16", on=root())


@step
def large_fat32() -> Mounted[Vfat]:
    return mount(mkvfat(mkpart(table(), size=TiB(2))), "/srv/large_fat32", on=root())


@step
def large_ext2() -> Mounted[Ext2]:
    return mount(mkext2(mkpart(table(), size=TiB(15))), "/srv/large_ext2", on=root())


@step
def large_ext4() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=TiB(20))), "/srv/large_ext4", on=root())


@step
def large_swap() -> Swap:
    return mkswap(mkpart(table(), size=TiB(16)))


@step
def large_f2fs() -> Mounted[F2fs]:
    return mount(mkf2fs(mkpart(table(), size=TiB(16))), "/srv/large_f2fs", on=root())


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", variant="important")


@step
def without_documentation() -> None:
    chroot(system(), "rm -rf /usr/share/doc /usr/share/locale /usr/share/man")


@step
def mounts() -> None:
    fstab(system())
