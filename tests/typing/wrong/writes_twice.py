from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    KiB,
    MiB,
    Mounted,
    Partition,
    Size,
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
    write_at(disk(), b"x" * 1024, offset=KiB(32))
    write_at(disk(), b"x", offset=KiB(32) + Size(1023))  # E: where the bytes that it writes
    write_at(raw(), b"x", offset=MiB(0))
