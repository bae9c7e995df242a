# header: imports


@step
def table() -> Gpt:
    return mkgpt(mkimg(free=GiB(1)))


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), end=-GiB(1)))  # E: a partition that ends at -1 GiB of an image that grows
