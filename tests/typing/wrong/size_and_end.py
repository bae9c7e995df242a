# header: table


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), size=GiB(1), end=GiB(2)))  # E: a partition with both size= and end=
