"""Functions of a module beside the recipe, and one of the recipe itself."""

from acme_parts import hostname, log_partition

from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    Mounted,
    RootFs,
    apt,
    chroot,
    debootstrap,
    fstab,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mount,
    option,
    step,
)

name = option("server", help="Name of the machine.")


def user(root: RootFs, login: str, *groups: str) -> None:
    """Add a user."""
    chroot(root, f"useradd --create-home --groups '{','.join(groups)}' {login}")


@step
def disk() -> Disk:
    return mkimg(GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), size=GiB(3))))


@step
def log() -> Mounted[Ext4]:
    return log_partition(table(), root())


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")


@step
def setup() -> None:
    apt(system(), *[f"python3-{part}" for part in ("venv", "pip")], "g++", "libc6:i386")
    hostname(system(), name())
    user(system(), "admin", "sudo", "adm")
    fstab(system())
