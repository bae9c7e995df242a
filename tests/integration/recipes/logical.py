"""An MBR with logical partitions; no system is in it."""

from vmdsl import (
    Ext2,
    Ext4,
    Extended,
    MiB,
    Mounted,
    Msdos,
    Partition,
    Swap,
    create_file,
    image_shell,
    mkext2,
    mkext4,
    mkextended,
    mkimg,
    mkmsdos,
    mkpart,
    mkswap,
    mount,
    step,
    write_at,
)


@step
def table() -> Msdos:
    return mkmsdos(mkimg(MiB(200)))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=MiB(60), flags=("boot",))))


@step
def extended() -> Extended:
    return mkextended(table())


@step
def swap() -> Swap:
    return mkswap(mkpart(extended(), start=MiB(70), size=MiB(20), type="swap"))


@step
def var() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(extended())), "/var", on=root())


@step
def raw() -> Partition:
    return mkpart(extended(), size=MiB(2), type=0xDA)


@step
def home() -> Mounted[Ext2]:
    return mount(mkext2(mkpart(extended(), size=MiB(30))), "/home", on=root())


@step
def last() -> Mounted[Ext2]:
    return mount(mkext2(mkpart(table(), size=MiB(20))), "/last", on=root())


@step
def content() -> None:
    for place in (root(), var(), home(), last()):
        create_file(place, "/name", place.name)


@step
def loader() -> None:
    write_at(raw(), b"loader", offset=MiB(1))
    image_shell(
        table().disk,
        'printf script | dd of="$IMAGE" bs=1M seek=65 conv=notrunc status=none',
        partitions=[raw()],
    )
