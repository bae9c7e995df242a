# header: table


@step
def data() -> Ext4:
    return mkext4(mkpart(table()), block_size=1024, inode_size=2048)  # E: inodes of 2048 bytes
