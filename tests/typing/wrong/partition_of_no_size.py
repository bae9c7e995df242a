from vmdsl import Disk, Ext4, GiB, Gpt, mkext4, mkgpt, mkimg, mkpart, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), size=GiB(0)))  # E: a partition of 0 B
