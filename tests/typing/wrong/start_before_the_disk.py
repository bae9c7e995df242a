# header: table


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), start=-GiB(9), size=GiB(1)))  # E: it starts before the disk does
