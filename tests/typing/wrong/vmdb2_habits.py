"""Functions with vmdb2's defaults have the types of vmdsl's own."""

from vmdsl import Ext4, GiB, Mounted, RootFs, mkext4, mkgpt, mkimg, mkpart, step
from vmdsl_stdlib.vmdb2 import debootstrap, grub_bios, mount


@step
def root() -> Mounted[Ext4]:
    return mount(mkpart(mkgpt(mkimg(GiB(4)))))  # M: incompatible type "Partition"; expected "Ext4"  # e: mount() takes Mountable | Subvolume as filesystem


@step
def system() -> RootFs:
    return debootstrap(root(), suites="trixie")  # M: did you mean "suite"


@step
def boot() -> None:
    grub_bios(system(), timeout="3")  # M: expected "int"  # e: grub_bios() takes int as timeout, not str
