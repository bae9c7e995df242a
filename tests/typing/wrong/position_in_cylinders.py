# header: table


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), end=position("7cyl")))  # E: '7cyl': disks have no cylinders any more
