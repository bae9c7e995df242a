# header: table


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), start=MB(1)))  # E: a partition that starts at 1000000 B
