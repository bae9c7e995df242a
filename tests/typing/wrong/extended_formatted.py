from vmdsl import Ext4, Extended, GiB, Msdos, mkext4, mkextended, mkimg, mkmsdos, step


@step
def table() -> Msdos:
    return mkmsdos(mkimg(GiB(4)))


@step
def more() -> Extended:
    return mkextended(table())


@step
def root() -> Ext4:
    return mkext4(more())  # M: "mkext4" has incompatible type "Extended"
