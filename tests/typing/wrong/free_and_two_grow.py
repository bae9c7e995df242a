# header: imports


@step
def table() -> Gpt:
    return mkgpt(mkimg(free=GiB(1)))


@step
def root() -> Ext4:
    return mkext4(mkpart(table()))


@step
def other() -> Ext4:
    return mkext4(mkpart(table()))  # E: a second partition without a size beside root
