from vmdsl import (
    Disk,
    Ext4,
    Fact,
    GiB,
    Gpt,
    Mounted,
    RootFs,
    chroot,
    debootstrap,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mount,
    path_exists,
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
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def unpacked() -> Fact:
    return path_exists(system(), "/srv/data")


@step
def unpack() -> None:
    if not unpacked():  # M: "if_fact.unpacked" returns "Fact" which does not implement __bool__ or  # e: a Fact is known only while building, so `if` cannot ask it
        chroot(system(), "tar -C /srv -xf /data.tar")
