"""What is known only while building decides over operations."""

from vmdsl import (
    Disk,
    Ext4,
    Fact,
    GiB,
    Gpt,
    Mounted,
    RootFs,
    apt,
    chroot,
    copy_file,
    debootstrap,
    flag,
    host_shell,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mount,
    path_exists,
    step,
    step_if,
)

look = flag(default=True, help="Look before unpacking.")


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
def compiler() -> Fact:
    return path_exists(system(), "/usr/bin/cc")


@step_if(look)
def unpacked() -> Fact:
    return path_exists(system(), "/srv/data")


@step
def packages() -> None:
    apt(system(), "gcc", unless=compiler())


@step
def unpack() -> None:
    copy_file(system(), "facts.py", "/srv/facts.py", unless=unpacked())
    host_shell(system(), 'mkdir "$ROOT/srv/data"', unless=unpacked())


@step
def trace() -> None:
    if unpacked() is not None:
        chroot(system(), "touch /srv/looked")
