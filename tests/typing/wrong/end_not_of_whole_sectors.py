from vmdsl import Disk, Ext4, GiB, Gpt, Size, mkext4, mkgpt, mkimg, mkpart, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), end=Size(2_000_000_001)))  # E: a partition that ends at 2000000001 B
