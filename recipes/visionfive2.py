"""Debian on a RISC-V board, the VisionFive 2, on an SD card or eMMC."""

from uuid import UUID

from vmdsl import (
    Ext4,
    GiB,
    Gpt,
    MiB,
    Mounted,
    Partition,
    RootFs,
    Suite,
    extlinux,
    flag,
    fstab,
    grow_root,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mount,
    option,
    step,
    step_if,
)
from vmdsl_stdlib import Board, add_u_boot, debian, open_root_console, set_hostname, use_dhcp

# Options are flags on the command line: --size 8G --console-login.
size = option(GiB(2), help="Size of the image; the card may be larger.")
suite = option(Suite("trixie"), help="Release of Debian.")
mirror = option("", help="Mirror for the packages; Debian's own servers if it isn't given.")
console_login = flag(default=False, help="Let root log in on the console without a password.")


# The steps run from top to bottom. Each calls the steps above it to get what they have returned;
# the types say what fits where, and mypy checks it.
@step
def table() -> Gpt:
    return mkgpt(mkimg(size()))


# The board starts U-Boot's first stage from the partition of this type.
@step
def first_stage() -> Partition:
    kind = UUID("2E54B353-1271-4842-806F-E436D6AF6985")
    return mkpart(table(), size=MiB(2), type=kind, label="spl")


# The first stage starts U-Boot from the second partition, whatever its type is.
@step
def u_boot() -> Partition:
    kind = UUID("5B193300-FC78-40CD-8002-E86C45580B47")
    return mkpart(table(), size=MiB(4), type=kind, label="u-boot")


# A partition without a size takes the room that is left; it grows at the first boot if the card
# is larger.
@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), label="root")))


# Debian, with a kernel and these packages. Add those that you need.
@step
def system() -> RootFs:
    more = ("u-boot-menu", "systemd-timesyncd")
    arch = Board.VISIONFIVE2.arch
    return debian(root(), *more, suite=suite(), arch=arch, mirror=mirror())


@step
def machine() -> None:
    set_hostname(system(), "visionfive2")
    use_dhcp(system())
    grow_root(system())


# For a first look: with --console-login, root logs in on the serial port without a password.
@step_if(console_login)
def root_without_password() -> None:
    open_root_console(system())


# /etc/fstab: what the running system mounts, and where.
@step
def mounts() -> None:
    fstab(system())


# U-Boot in its two partitions, and the menu that U-Boot looks for.
@step
def boot_loader() -> None:
    add_u_boot(system(), Board.VISIONFIVE2, first_stage(), u_boot())
    extlinux(system())
