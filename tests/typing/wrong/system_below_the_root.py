from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    Mounted,
    debootstrap,
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
def chroots() -> None:
    srv = mount(mkext4(mkpart(table(), size=GiB(1))), "/srv", on=root())
    debootstrap(srv, suite="trixie")  # E: a system at /srv
