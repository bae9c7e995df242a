from vmdsl import Disk, Ext4, GiB, Gpt, mkext4, mkgpt, mkimg, mkpart, step


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def first() -> Ext4:
    return mkext4(mkpart(table()))


@step
def second() -> Ext4:
    return mkext4(mkpart(table()))  # E: no room is left for it: it starts at 4095 MiB of 4095 MiB
