# header: table


@step
def data() -> Ext4:
    return mkext4(mkpart(table()), bytes_per_inode=512)  # E: an inode for each 512 bytes
