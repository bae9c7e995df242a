"""The root is on a disk with sectors of 4096 bytes."""

from vmdsl import (
    Ext4,
    GiB,
    Gpt,
    MiB,
    Mounted,
    Partition,
    RootFs,
    debootstrap,
    fstab,
    grub_bios,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mount,
    step,
)


@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(4), sector=4096))


@step
def bios_boot() -> Partition:
    return mkpart(table(), size=MiB(1), type="bios-boot")


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", include=["linux-image-amd64", "grub-pc"])


@step
def boot_loader() -> None:
    fstab(system())
    grub_bios(system())  # E: a BIOS does not start from a disk with sectors of 4096 bytes
