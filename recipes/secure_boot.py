"""Debian on a 64-bit machine with UEFI firmware, with Secure Boot on or off."""

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
    apt,
    chroot,
    create_file,
    debootstrap,
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

# Options are flags on the command line: --size 8G --suite bookworm --console-login.
size = option(GiB(4), help="Size of the image.")
suite = option(Suite("trixie"), help="Release of Debian.")
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


@step
def system() -> RootFs:
    return debootstrap(root(), suite=suite())


# The firmware accepts shim, which Microsoft has signed, and shim the GRUB and the kernel of Debian.
@step
def packages() -> None:
    apt(
        system(),
        "linux-image-cloud-amd64",
        "grub-efi-amd64",
        "grub-efi-amd64-signed",
        "shim-signed",
    )


@step
def hostname() -> None:
    create_file(system(), "/etc/hostname", "secure\n")


# For a first look: with --console-login, root logs in on the console without a password.
@step_if(console_login)
def root_without_password() -> None:
    chroot(system(), "passwd --delete root")


# /etc/fstab: what the running system mounts, and where.
@step
def mounts() -> None:
    fstab(system())


# The menu and the kernel's messages go to the serial port, which is the terminal of `vmdsl boot`.
# Leave out console="serial" for a machine with a screen.
@step
def boot_loader() -> None:
    grub_uefi(system(), efi(), secure_boot=True, console="serial")
