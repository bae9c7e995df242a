"""A server as Acme runs it, with the company's notice and an inventory."""

from acme import acme_root, acme_system, write_inventory
from vmdsl import (
    Ext4,
    GiB,
    Mounted,
    RootFs,
    Suite,
    copy_file,
    fstab,
    grub_bios,
    option,
    optional_path,
    step,
)

size = option(GiB(2), help="Size of the image.")
suite = option(Suite("bookworm"), help="Release of Debian.")
tarball = optional_path(help="A system to start from; its image has no boot loader.")


@step
def root() -> Mounted[Ext4]:
    return acme_root(size())


@step
def system() -> RootFs:
    return acme_system(root(), suite(), tarball())


@step
def notice() -> None:
    copy_file(system(), "notice.txt", "/etc/motd", mode=0o644)


@step
def inventory() -> None:
    write_inventory(system())


@step
def boot() -> None:
    fstab(system())
    if tarball() is None:
        grub_bios(system(), console="serial")
