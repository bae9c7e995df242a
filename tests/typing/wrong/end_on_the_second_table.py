from vmdsl import Ext4, GiB, Gpt, mkext4, mkgpt, mkimg, mkpart, sectors, step


@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(4)))


@step
def root() -> Ext4:
    return mkext4(mkpart(table(), end=-sectors(1)))  # E: where the second copy of the GPT is
