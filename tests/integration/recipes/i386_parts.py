"""An i386 of many parts: ext2 at /boot, ext3, places by number, packages left out and put in."""

from vmdsl import (
    Arch,
    Disk,
    Ext2,
    Ext3,
    GiB,
    Gpt,
    MiB,
    Mounted,
    Partition,
    RootFs,
    Vfat,
    apt,
    chroot,
    create_file,
    debootstrap,
    fstab,
    grub_bios,
    grub_uefi,
    mkext2,
    mkext3,
    mkgpt,
    mkimg,
    mkpart,
    mkvfat,
    mount,
    option,
    path_exists,
    step,
)

#: Of the kernel's drivers those of the disk alone: the others take long to unpack and to write.
FEW_DRIVERS = """\
path-exclude=/lib/modules/*/kernel/drivers/*
path-exclude=/lib/modules/*/kernel/net/*
path-include=/lib/modules/*/kernel/drivers/block/*
path-include=/lib/modules/*/kernel/drivers/virtio/*
"""

mirror = option("", help="Where packages come from, and nowhere else.")


@step
def disk() -> Disk:
    return mkimg(GiB(2))


@step
def table() -> Gpt:
    return mkgpt(disk())


@step
def bios_boot() -> Partition:
    return mkpart(table(), size=MiB(1), type="bios-boot")


@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(40), type="esp"))


@step
def boot() -> Ext2:
    return mkext2(mkpart(table(), size=MiB(200), label="boot"), label="boot")


@step
def root() -> Mounted[Ext3]:
    return mount(mkext3(mkpart(table(), start=MiB(300), end=MiB(1900))))


@step
def boot_place() -> Mounted[Ext2]:
    return mount(boot(), "/boot", on=root())


@step
def efi() -> Mounted[Vfat]:
    return mount(esp(), "/boot/efi", on=boot_place())


@step
def system() -> RootFs:
    return debootstrap(
        root(),
        suite="bookworm",
        arch=Arch.I386,
        mirror=mirror(),
        variant="minbase",
        components=["main", "contrib"],
        include=["systemd-sysv", "udev"],
        exclude=["tzdata"],
    )


@step
def packages() -> None:
    """The kernel's initramfs has what finds the root, and no more: it is made, and read, sooner."""
    create_file(system(), "/etc/dpkg/dpkg.cfg.d/few-drivers", FEW_DRIVERS)
    create_file(system(), "/etc/initramfs-tools/conf.d/list", "MODULES=list\n")
    for_disk = "virtio_pci\nvirtio_blk\next4\n"
    create_file(system(), "/usr/share/initramfs-tools/modules.d/disk", for_disk)
    loaders = ("grub-pc-bin", "grub-efi-ia32-bin", "grub2-common")
    apt(system(), "linux-image-686", *loaders, recommends=False)


@step
def hostname() -> None:
    chroot(system(), "echo parts > /etc/hostname")
    chroot(system(), "exit 1", unless=path_exists(system(), "/etc/hostname"))


@step
def boot_loader() -> None:
    fstab(system())
    grub_bios(system(), console="serial", parameters=("init=/bin/bash",))
    grub_uefi(system(), efi(), console="serial", parameters=("init=/bin/bash",))
