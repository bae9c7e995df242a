from vmdsl import Ext4, GiB, Gpt, mkext4, mkgpt, mkimg, mkpart, step


@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(4)))


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), start=-GiB(9), size=GiB(1)))  # E: it starts before the disk does
