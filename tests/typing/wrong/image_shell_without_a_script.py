from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    MiB,
    Mounted,
    Partition,
    image_shell,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mount,
    step,
)


@step
def disk() -> Disk:
    return mkimg(GiB(1))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def raw() -> Partition:
    return mkpart(table(), start=MiB(4), size=MiB(1))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), start=MiB(8))))


@step
def write() -> None:
    image_shell(disk(), " ", partitions=(raw(),))  # E: says nothing
