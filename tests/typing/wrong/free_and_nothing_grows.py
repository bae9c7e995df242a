# header: imports


@step
def table() -> Gpt:
    return mkgpt(mkimg(free=GiB(1)))  # E: no partition can grow with its content, as free= asks for


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), size=GiB(1)))
