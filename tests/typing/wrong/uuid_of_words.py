from vmdsl import Disk, Ext4, GiB, Gpt, mkext4, mkgpt, mkimg, mkpart, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def data() -> Ext4:
    return mkext4(mkpart(table()), uuid="random")  # E: 'random' is not a UUID
