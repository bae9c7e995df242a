from vmdsl import Ext4, Gpt, mkext4, mkgpt, mkimg, mkpart, step


@step
def table() -> Gpt:
    return mkgpt(mkimg())  # E: an image with neither a size nor free=


@step
def root() -> Ext4:
    return mkext4(mkpart(table()))
