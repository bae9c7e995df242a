from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    Mounted,
    RootFs,
    create_file,
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
def hostname() -> None:
    create_file(root(), "/etc/hostname", "server\n")  # E: it changes the tree before there is a system in it

@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")
