# header: imports


@step
def table() -> Msdos:
    return mkmsdos(mkimg(free=GiB(1)))


@step
def root() -> Ext4:
    return mkext4(mkpart(mkextended(table())))  # E: an extended partition of an image that grows with its content
