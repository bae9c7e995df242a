# header: mbr


@step
def first() -> Ext4:
    return mkext4(mkpart(table(), start=KiB(0), end=GiB(2)))  # E: it starts at 0 B, where the partition table is
