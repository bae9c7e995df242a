# header: imports


@step
def table() -> Gpt:
    return mkgpt(mkimg(KiB(33)))  # E: an image of 33 KiB has no room for a GPT partition table


@step
def root() -> Ext4:
    return mkext4(mkpart(table()))
