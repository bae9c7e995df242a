from vmdsl import Ext4, GiB, Gpt, mkext4, mkextended, mkgpt, mkimg, mkpart, step


@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(4)))


@step
def root() -> Ext4:
    return mkext4(mkpart(mkextended(table())))  # M: "mkextended" has incompatible type "Gpt"; expected "Msdos"
