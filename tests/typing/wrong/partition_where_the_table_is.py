from vmdsl import Disk, Ext4, GiB, KiB, Msdos, mkext4, mkimg, mkmsdos, mkpart, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Msdos:
    return mkmsdos(disk())


@step
def first() -> Ext4:
    return mkext4(mkpart(table(), start=KiB(0), end=GiB(2)))  # E: it starts at 0 B, where the partition table is
