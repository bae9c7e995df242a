# header: table


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), start=sectors(33)))  # E: where the partition table is
