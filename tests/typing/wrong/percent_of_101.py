from vmdsl import Ext4, GiB, Gpt, Percent, mkext4, mkgpt, mkimg, mkpart, step


@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(4)))


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), end=Percent(101)))  # E: ValueError: 101% is not between 0% and 100%
