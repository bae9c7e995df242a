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
def small_fat16() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(9)), fat=16)


@step
def small_fat16_of_small_clusters() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(3)), fat=16, cluster=512)


@step
def small_fat32() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(2)), fat=32)


@step
def large_fat12() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(255)), fat=12)


@step
def large_fat16() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(4095)), fat=16)


@step
def large_fat32() -> Vfat:
    return mkvfat(mkpart(table(), size=TiB(2)))


@step
def large_ext2() -> Ext2:
    return mkext2(mkpart(table(), size=TiB(15)))


@step
def large_ext4() -> Ext4:
    return mkext4(mkpart(table(), size=TiB(20)))


@step
def large_swap() -> Swap:
    return mkswap(mkpart(table(), size=TiB(16)))


@step
def large_f2fs() -> F2fs:
    return mkf2fs(mkpart(table(), size=TiB(16)))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(128))))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", variant="important")


@step
def without_documentation() -> None:
    chroot(system(), "rm -rf /usr/share/doc /usr/share/locale /usr/share/man")
