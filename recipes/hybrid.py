"""Debian on a disk that boots with both BIOS and UEFI firmware."""

from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    MiB,
    Mounted,
    Partition,
    RootFs,
    Suite,
    Swap,
    Vfat,
    flag,
    fstab,
    grub_bios,
    grub_uefi,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mkswap,
    mkvfat,
    mount,
    option,
    step,
    step_if,
)
from vmdsl_stdlib import debian, open_root_console, set_hostname

# Options are flags on the command line: --size 8G --suite bookworm --console-login.
size = option(GiB(4), help="Size of the image.")
suite = option(Suite("trixie"), help="Release of Debian.")
with_swap = flag(default=True, help="Add half a GiB of swap.")
console_login = flag(default=False, help="Let root log in on the console without a password.")


# The steps run from top to bottom. Each calls the steps above it to get what they have returned;
# the types say what fits where, and mypy checks it.
@step
def disk() -> Disk:
    return mkimg(size())


@step
def table() -> Gpt:
    return mkgpt(disk())


# GRUB for BIOS has its code in a partition of its own, as a GPT leaves no other room for it.
@step
def bios_boot() -> Partition:
    return mkpart(table(), size=MiB(1), type="bios-boot")


# The EFI system partition: from it the firmware starts the boot loader.
@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(128), type="esp", label="ESP"), label="ESP")


# A partition without a size takes the room that is left.
@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), label="root"), label="root"))


# A step that only runs with its flag. It is checked without it, too.
@step_if(with_swap)
def swap() -> Swap:
    return mkswap(mkpart(table(), size=MiB(512), type="swap", label="swap"))


@step
def efi() -> Mounted[Vfat]:
    return mount(esp(), "/boot/efi", on=root())


# Debian, with a kernel and these packages. Add those that your machine needs.
@step
def system() -> RootFs:
    return debian(root(), "grub-pc", "grub-efi-amd64-bin", suite=suite(), kernel="cloud")


@step
def hostname() -> None:
    set_hostname(system(), "hybrid")


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
    grub_bios(system(), console="serial")
    grub_uefi(system(), efi(), console="serial")
