# header: imports


@step
def table() -> Gpt:
    return mkgpt(mkimg(free=GiB(1)))


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), size=GiB(1)))


@step
def swap() -> Swap:
    return mkswap(mkpart(table(), type="swap"))  # E: it can't grow with its content, as free= asks for
