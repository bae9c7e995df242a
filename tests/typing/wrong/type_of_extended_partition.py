from vmdsl import Ext4, GiB, Msdos, mkext4, mkimg, mkmsdos, mkpart, step


@step
def table() -> Msdos:
    return mkmsdos(mkimg(GiB(4)))


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), type=0x05))  # E: the type 0x05 of an MBR is of no partition that holds
