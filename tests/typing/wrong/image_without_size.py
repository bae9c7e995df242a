# header: imports


@step
def table() -> Gpt:
    return mkgpt(mkimg())  # E: an image with neither a size nor free=


@step
def root() -> Ext4:
    return mkext4(mkpart(table()))
