from vmdsl import Ext4, GiB, Gpt, Percent, mkext4, mkgpt, mkimg, mkpart, step


@step
def table() -> Gpt:
    return mkgpt(mkimg(free=GiB(1)))


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), start=Percent(20)))  # E: a partition that starts at 20% of an image that grows
