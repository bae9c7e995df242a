from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    MiB,
    Mounted,
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
def bios_boot() -> Ext4:
    return mkext4(mkpart(table(), size=MiB(1), type="bios-boot"))  # E: bios_boot, of the type bios-boot, holds the boot loader itself

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))
