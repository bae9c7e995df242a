# header: mbr


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), label="root"))  # E: a partition of an MBR has no label
