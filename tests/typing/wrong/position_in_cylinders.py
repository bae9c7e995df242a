from vmdsl import Ext4, GiB, Gpt, mkext4, mkgpt, mkimg, mkpart, position, step


@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(4)))


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), end=position("7cyl")))  # E: ValueError: '7cyl': disks have no cylinders any more
