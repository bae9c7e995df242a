from vmdsl import Disk, Ext4, GiB, Gpt, mkext4, mkgpt, mkimg, mkpart, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def data() -> Ext4:
    return mkext4(mkpart(table()), block_size=1024, inode_size=2048)  # E: inodes of 2048 bytes
