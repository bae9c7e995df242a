# header: table


@step
def data() -> Ext4:
    return mkext4(mkpart(table()), block_size=4)  # E: blocks of 4 bytes
