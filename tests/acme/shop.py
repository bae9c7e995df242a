"""The server of Acme's shop: made of the parts that the package has."""

from acme import acme_root, acme_system, write_inventory
from vmdsl import Ext4, GiB, Mounted, RootFs, Suite, fstab, grub_bios, step
from vmdsl_stdlib import set_hostname


@step
def root() -> Mounted[Ext4]:
    return acme_root(GiB(4))


@step
def system() -> RootFs:
    return acme_system(root(), Suite("bookworm"))


@step
def inventory() -> None:
    set_hostname(system(), "shop")
    write_inventory(system())


@step
def boot() -> None:
    fstab(system())
    grub_bios(system(), console="serial")
