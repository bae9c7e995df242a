# header: table


@step
def data() -> Ext4:
    return mkext4(mkpart(table()), inodes=0)  # E: 0 inodes
