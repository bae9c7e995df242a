# header: mbr


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), type=0x05))  # E: the type 0x05 of an MBR is of no partition that holds
