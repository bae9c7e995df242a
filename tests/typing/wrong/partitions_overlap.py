# header: table


@step
def first() -> Ext4:
    return mkext4(mkpart(table(), start=MiB(1), end=GiB(2)))


@step
def second() -> Ext4:
    return mkext4(mkpart(table(), start=GiB(1), end=GiB(3)))  # E: it overlaps the partition first
