"""Debian on a machine with UEFI firmware, whatever its architecture."""

from vmdsl import (
    Arch,
    Disk,
    Ext4,
    GiB,
    Gpt,
    MiB,
    Mounted,
    RootFs,
    Suite,
    Vfat,
    flag,
    fstab,
    grub_uefi,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mkvfat,
    mount,
    option,
    step,
    step_if,
)
from vmdsl_stdlib import debian, open_root_console, set_hostname

# Options are flags on the command line: --arch arm64 --size 8G --console-login.
arch = option(Arch.AMD64, help="Architecture; i386 has no kernel after bookworm.")
size = option(GiB(4), help="Size of the image.")
suite = option(Suite("trixie"), help="Release of Debian.")
mirror = option("", help="Mirror for the packages; Debian's own servers if it isn't given.")
console_login = flag(default=False, help="Let root log in on the console without a password.")


# The steps run from top to bottom. Each calls the steps above it to get what they have returned;
# the types say what fits where, and mypy checks it.
@step
def disk() -> Disk:
    return mkimg(size())


@step
def table() -> Gpt:
    return mkgpt(disk())


# The EFI system partition: from it the firmware starts the boot loader.
@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(256), type="esp"))


# A partition without a size takes the room that is left.
@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def efi() -> Mounted[Vfat]:
    return mount(esp(), "/boot/efi", on=root())


# Debian, with a kernel and these packages. Add those that your machine needs. grub-efi brings GRUB
# for the architecture.
@step
def system() -> RootFs:
    more = ("grub-efi", "systemd-timesyncd")
    return debian(root(), *more, suite=suite(), arch=arch(), mirror=mirror())


@step
def hostname() -> None:
    set_hostname(system(), "debian")


# For a first look: with --console-login, root logs in on the console without a password.
@step_if(console_login)
def root_without_password() -> None:
    open_root_console(system())


# /etc/fstab: what the running system mounts, and where.
@step
def mounts() -> None:
    fstab(system())


# The menu and the kernel's messages go to the serial port, which is the terminal of `vmdsl boot`.
# Leave out console="serial" for a machine with a screen.
@step
def boot_loader() -> None:
    grub_uefi(system(), efi(), console="serial")
