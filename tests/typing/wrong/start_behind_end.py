from vmdsl import Disk, Ext4, GiB, Gpt, mkext4, mkgpt, mkimg, mkpart, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), start=GiB(2), end=GiB(1)))  # E: a partition that ends at 1 GiB and starts at 2 GiB
