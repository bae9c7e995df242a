from vmdsl import Ext4, Extended, GiB, Msdos, mkext4, mkextended, mkimg, mkmsdos, mkpart, step


@step
def table() -> Msdos:
    return mkmsdos(mkimg(GiB(4)))


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), size=GiB(1)))


@step
def more() -> Extended:
    return mkextended(table())  # E: this extended partition holds no others
