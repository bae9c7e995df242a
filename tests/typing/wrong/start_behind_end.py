# header: table


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), start=GiB(2), end=GiB(1)))  # E: a partition that ends at 1 GiB and starts at 2 GiB
