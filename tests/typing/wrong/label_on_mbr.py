from vmdsl import Disk, Ext4, GiB, Msdos, mkext4, mkimg, mkmsdos, mkpart, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Msdos:
    return mkmsdos(disk())


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), label="root"))  # E: a partition of an MBR has no label
