from vmdsl import Ext4, GiB, Gpt, mkext4, mkgpt, mkimg, mkpart, step


@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(4)))


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), type=0x83))  # E: a GPT has no types by number
