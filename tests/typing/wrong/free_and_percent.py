# header: imports


@step
def table() -> Gpt:
    return mkgpt(mkimg(free=GiB(1)))


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), start=Percent(20)))  # E: a partition that starts at 20% of an image that grows
