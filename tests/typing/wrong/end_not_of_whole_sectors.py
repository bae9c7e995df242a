# header: table


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), end=Size(2_000_000_001)))  # E: a partition that ends at 2000000001 B
