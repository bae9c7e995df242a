"""Partitions by their places, on an MBR."""

from vmdsl import (
    Disk,
    Ext3,
    Ext4,
    GiB,
    MiB,
    Mounted,
    Msdos,
    Vfat,
    mkext3,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mkvfat,
    mount,
    step,
)


@step
def disk() -> Disk:
    return mkimg(GiB(2))


@step
def table() -> Msdos:
    return mkmsdos(disk())


@step
def firmware() -> Vfat:
    return mkvfat(mkpart(table(), start=MiB(4), end=MiB(128), type="fat", flags=("boot",)))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), end=GiB(1))))


@step
def data() -> Mounted[Ext3]:
    return mount(mkext3(mkpart(table(), start=GiB(1.5))), "/data", on=root())


@step
def firmware_mount() -> Mounted[Vfat]:
    return mount(firmware(), "/boot/firmware", on=root())
