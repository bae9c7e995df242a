from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    Mounted,
    Partition,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mount,
    step,
)


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def data() -> Partition:
    return mkpart(table(), size=GiB(1))  # E: this partition is never used
