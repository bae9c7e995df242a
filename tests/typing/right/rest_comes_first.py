"""The partition that takes what is left stands before others, and swap needs no mount."""

from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    MiB,
    Mounted,
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
    return mkimg(GiB(1))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def swap() -> Swap:
    return mkswap(mkpart(table(), size=MiB(100), type="swap"))


@step
def var() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(200))), "/var", on=root())
