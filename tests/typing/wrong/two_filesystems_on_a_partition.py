from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    Mounted,
    Partition,
    Swap,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mkswap,
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
def part() -> Partition:
    return mkpart(table())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(part()))


@step
def swap() -> Swap:
    return mkswap(part())  # E: a second filesystem on the partition part: root
