# header: imports


@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(4), free=GiB(1)))  # E: an image with both a size and free=


@step
def root() -> Ext4:
    return mkext4(mkpart(table()))
