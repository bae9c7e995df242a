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

size = option(GiB(4), help="Size of the image.")
suite = option(Suite("trixie"), help="Release of Debian.")
with_swap = flag(default=True, help="Add half a GiB of swap.")
console_login = flag(default=False, help="Let root log in on the console without a password.")


@step
def disk() -> Disk:
    return mkimg(size())


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def bios_boot() -> Partition:
    return mkpart(table(), size=MiB(1), type="bios-boot")


@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(128), type="esp", label="ESP"), label="ESP")


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), label="root"), label="root"))


@step_if(with_swap)
def swap() -> Swap:
    return mkswap(mkpart(table(), size=MiB(512), type="swap", label="swap"))


@step
def efi() -> Mounted[Vfat]:
    return mount(esp(), "/boot/efi", on=root())


@step
def system() -> RootFs:
    return debian(root(), "grub-pc", "grub-efi-amd64-bin", suite=suite(), kernel="cloud")


@step
def hostname() -> None:
    set_hostname(system(), "hybrid")


@step_if(console_login)
def root_without_password() -> None:
    open_root_console(system())


@step
def mounts() -> None:
    fstab(system())


@step
def boot_loader() -> None:
    grub_bios(system(), console="serial")
    grub_uefi(system(), efi(), console="serial")
