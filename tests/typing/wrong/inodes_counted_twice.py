# header: table


@step
def data() -> Ext4:
    return mkext4(mkpart(table()), inodes=1000, bytes_per_inode=4096)  # E: both bytes_per_inode= and inodes=
