from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    MiB,
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
def bios_boot() -> Partition:
    return mkpart(table(), size=MiB(1), type="bios-boot")  # E: this partition is never used

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))
