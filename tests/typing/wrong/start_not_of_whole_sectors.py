from vmdsl import MB, Ext4, GiB, Gpt, mkext4, mkgpt, mkimg, mkpart, step


@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(4)))


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), start=MB(1)))  # E: a partition that starts at 1000000 B
