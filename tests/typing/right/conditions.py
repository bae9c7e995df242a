"""Flags, what is made of them, and decisions over steps that may not have run."""

from enum import StrEnum

from vmdsl import (
    Disk,
    Ext4,
    GiB,
    Gpt,
    MiB,
    Mounted,
    RootFs,
    Swap,
    Vfat,
    apt,
    chroot,
    debootstrap,
    flag,
    fstab,
    grub_uefi,
    mkext4,
    mkgpt,
    mkimg,
    mkpart,
    mkswap,
    mkvfat,
    mount,
    option,
    require,
    step,
    step_if,
)


class Kind(StrEnum):
    """What the machine is for."""

    SERVER = "server"
    DESKTOP = "desktop"


kind = option(Kind.SERVER, help="What the machine is for.")
cpus = option(2, help="How many compilers to run at once.")
uefi = flag(default=True, help="Boot with UEFI.")
serial = flag(default=False, help="Use the serial port.")
swap = flag(default=True, help="Make swap space.")


@step
def disk() -> Disk:
    require(cpus() > 0, "there must be a CPU")
    return mkimg(GiB(8) if kind() is Kind.DESKTOP else GiB(4))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step_if(uefi)
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(256), type="esp"))


@step_if(swap & ~serial)
def swap_space() -> Swap:
    return mkswap(mkpart(table(), size=MiB(512), type="swap"))


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))


@step_if(uefi)
def efi() -> Mounted[Vfat]:
    firmware = esp()
    assert firmware is not None  # it runs where this step does
    return mount(firmware, "/boot/efi", on=root())


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", include=["linux-image-amd64"])


@step_if(serial | (uefi & swap))
def tools() -> None:
    apt(system(), "make", recommends=not serial())
    chroot(system(), f"echo MAKEFLAGS=-j{cpus()} >> /etc/environment")


@step
def mounts() -> None:
    fstab(system())


@step
def boot_loader() -> None:
    if (place := efi()) is not None:
        apt(system(), "grub-efi-amd64")
        grub_uefi(system(), place, console="serial" if serial() else "screen")
