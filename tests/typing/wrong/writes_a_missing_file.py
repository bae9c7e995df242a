from pathlib import Path

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
    write_at,
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
    write_at(raw(), Path("emtpy.py"), offset=MiB(0))  # E: there is no file emtpy.py
