"""An MBR with partitions at odd places and of odd types; no system is in it."""

from vmdsl import (
    Ext2,
    MiB,
    Mounted,
    Msdos,
    Partition,
    Percent,
    Vfat,
    create_file,
    mkext2,
    mkimg,
    mkmsdos,
    mkpart,
    mkvfat,
    mount,
    sectors,
    step,
)


@step
def table() -> Msdos:
    return mkmsdos(mkimg(MiB(200)))


@step
def code() -> Partition:
    return mkpart(table(), start=sectors(1), size=sectors(62), type=0xDA)


@step
def root() -> Mounted[Ext2]:
    partition = mkpart(table(), start=sectors(63), end=Percent(50), flags=("boot",))
    return mount(mkext2(partition))


@step
def data() -> Mounted[Vfat]:
    return mount(mkvfat(mkpart(table(), type="ntfs")), "/data", on=root())


@step
def last() -> Partition:
    return mkpart(table(), start=-sectors(1000), type="raid")


@step
def content() -> None:
    create_file(data(), "/readme.txt", "odd\n")
