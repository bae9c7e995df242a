"""One disk for BIOS and UEFI, with a filesystem in a filesystem in the root filesystem."""

from vmdsl import (
    Arch,
    Disk,
    Ext2,
    Ext4,
    GiB,
    Gpt,
    MiB,
    Mounted,
    Partition,
    RootFs,
    Suite,
    Vfat,
    apt,
    debootstrap,
    fstab,
    grub_bios,
    grub_uefi,
    mkext2,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mkvfat,
    mount,
    option,
    step,
)

size = option(GiB(4), help="Size of the image.")
suite = option(Suite("stable"), help="Release of Debian.")


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
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table(), label="root"), label="root"))


@step
def boot() -> Mounted[Ext2]:
    return mount(mkext2(mkpart(table(), size=MiB(512))), "/boot", on=root())


@step
def efi() -> Mounted[Vfat]:
    return mount(mkvfat(mkpart(table(), size=MiB(128), type="esp")), "/boot/efi", on=boot())


@step
def system() -> RootFs:
    return debootstrap(
        root(), suite=suite(), arch=Arch.AMD64, variant="minbase", exclude=("nano", "vim-tiny")
    )


@step
def packages() -> None:
    apt(system(), "linux-image-amd64", "grub-pc", "grub-efi-amd64-bin", recommends=False)


@step
def boot_loader() -> None:
    fstab(system())
    grub_bios(system())
    grub_uefi(system(), efi())
