"""A system on Btrfs with the subvolumes of another distribution, that boots with BIOS."""

from enum import StrEnum

from vmdsl import (
    Btrfs,
    GiB,
    Mounted,
    RootFs,
    Subvolume,
    fstab,
    grub_bios,
    mkbtrfs,
    mkimg,
    mkmsdos,
    mkpart,
    option,
    step,
)
from vmdsl_stdlib import debian, mount_like_fedora, mount_like_opensuse, open_root_console


class Like(StrEnum):
    """Whose layout it is."""

    FEDORA = "fedora"
    OPENSUSE = "opensuse"


like = option(Like.FEDORA, help="Whose layout it is.")


@step
def data() -> Btrfs:
    return mkbtrfs(mkpart(mkmsdos(mkimg(GiB(4)))))


@step
def root() -> Mounted[Subvolume]:
    mount = mount_like_fedora if like() is Like.FEDORA else mount_like_opensuse
    return mount(data())


@step
def system() -> RootFs:
    return debian(root(), "grub-pc", "btrfs-progs", suite="trixie", kernel="cloud")


@step
def boots() -> None:
    open_root_console(system())
    fstab(system())
    grub_bios(system(), console="serial", timeout=1)
