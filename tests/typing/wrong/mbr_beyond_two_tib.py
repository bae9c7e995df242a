# header: imports


@step
def disk() -> Disk:
    return mkimg(TiB(3))


@step
def table() -> Msdos:
    return mkmsdos(disk())


@step
def root() -> Ext4:
    return mkext4(mkpart(table()))  # E: it ends at 3 TiB, and an MBR reaches no farther than 2 TiB
