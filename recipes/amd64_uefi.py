"""Debian on a 64-bit machine with UEFI firmware."""

from vmdsl import (
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

size = option(GiB(4), help="Size of the image.")
suite = option(Suite("trixie"), help="Release of Debian.")
console_login = flag(default=False, help="Let root log in on the console without a password.")


@step
def disk() -> Disk:
    return mkimg(size())


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(256), type="esp"))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def efi() -> Mounted[Vfat]:
    return mount(esp(), "/boot/efi", on=root())


@step
def system() -> RootFs:
    return debian(root(), "grub-efi-amd64", "systemd-timesyncd", suite=suite())


@step
def hostname() -> None:
    set_hostname(system(), "debian")


@step_if(console_login)
def root_without_password() -> None:
    open_root_console(system())


@step
def mounts() -> None:
    fstab(system())


@step
def boot_loader() -> None:
    grub_uefi(system(), efi(), console="serial")
