"""Debian on a board with U-Boot: with Rockchip, Allwinner, i.MX6 and other processors."""

from vmdsl import (
    Disk,
    Ext4,
    GiB,
    MiB,
    Mounted,
    Msdos,
    RootFs,
    Suite,
    extlinux,
    flag,
    fstab,
    grow_root,
    mkext4,
    mkimg,
    mkmsdos,
    mkpart,
    mount,
    option,
    step,
    step_if,
)
from vmdsl_stdlib import Board, add_u_boot, debian, open_root_console, set_hostname, use_dhcp

# Options are flags on the command line: --board orangepi_zero --suite bookworm --console-login.
board = option(Board.ROCK64, help="The board, by the name of its folder in /usr/lib/u-boot.")
size = option(GiB(2), help="Size of the image; the card may be larger.")
suite = option(Suite("trixie"), help="Release of Debian.")
mirror = option("", help="Mirror for the packages; Debian's own servers if it isn't given.")
console_login = flag(default=False, help="Let root log in on the console without a password.")


# The steps run from top to bottom. Each calls the steps above it to get what they have returned;
# the types say what fits where, and mypy checks it.
@step
def disk() -> Disk:
    return mkimg(size())


# An MBR, as some boards have U-Boot where the entries of a GPT would be.
@step
def table() -> Msdos:
    return mkmsdos(disk())


# U-Boot has the first 16 MiB. A partition without a size takes the room that is left; it grows at
# the first boot if the card is larger.
@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), start=MiB(16))))


# Debian, with a kernel and these packages. Add those that your board needs.
@step
def system() -> RootFs:
    packages = ("u-boot-menu", "systemd-timesyncd")
    return debian(root(), *packages, suite=suite(), arch=board().arch, mirror=mirror())


@step
def machine() -> None:
    set_hostname(system(), "board")
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


# U-Boot, at the offsets where the board looks for it, and the menu that U-Boot looks for.
@step
def boot_loader() -> None:
    add_u_boot(system(), board(), disk())
    extlinux(system())
