# header: imports


@step
def table() -> Gpt:
    return mkgpt(mkimg(free=GiB(1)))


@step
def root() -> Ext4:
    return mkext4(mkpart(table()))


@step
def other() -> Ext4:
    return mkext4(mkpart(table(), start=GiB(2), size=GiB(1)))  # E: it starts at 2 GiB, but is behind root
