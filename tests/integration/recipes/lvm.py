"""A system on LVM, over two partitions: its root, with /boot, and all that it mounts.

The partition with the root is encrypted: GRUB asks for its passphrase, and the system again. Of
Debian's firmware both kinds start it. Root logs in on the console without a password.
"""

from pathlib import Path

from vmdsl import (
    Btrfs,
    Ext4,
    GiB,
    Gpt,
    Luks,
    MiB,
    Mounted,
    Partition,
    Percent,
    RootFs,
    Secret,
    Swap,
    Vfat,
    VolumeGroup,
    Xfs,
    apt,
    chroot,
    create_file,
    fstab,
    grow_root,
    grub_bios,
    grub_uefi,
    mkbtrfs,
    mkext4,
    mkgpt,
    mkimg,
    mkluks,
    mklv,
    mkpart,
    mkswap,
    mkvfat,
    mkvg,
    mkxfs,
    mount,
    option,
    step,
    system_from,
)

#: Of the kernel's drivers those of disks alone: the others take long to unpack and to write.
FEW_DRIVERS = """\
path-exclude=/lib/modules/*/kernel/drivers/*
path-exclude=/lib/modules/*/kernel/net/*
path-include=/lib/modules/*/kernel/drivers/block/*
path-include=/lib/modules/*/kernel/drivers/md/*
path-include=/lib/modules/*/kernel/drivers/virtio/*
"""
#: A machine may be slow; and of its devices, those that it starts with will do.
DROP_INS = {
    "system.conf.d": "[Manager]\nDefaultDeviceTimeoutSec=1h\nDefaultTimeoutStartSec=1h\n",
    "system/systemd-udev-trigger.service.d": """\
[Service]
ExecStart=
ExecStart=-udevadm trigger --action=add --subsystem-match=block --subsystem-match=net
ExecStart=-udevadm trigger --action=add --subsystem-match=tty --sysname-match=ttyS0
""",
}
MODULES = ("virtio_pci", "virtio_blk", "crc32_generic", "crc32c_generic", "ext4", "dm-mod")

tarball = option(Path(__file__), help="The tarball of a minimal system.")


@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(3)))


@step
def bios() -> Partition:
    return mkpart(table(), size=MiB(1), type="bios-boot")


@step
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(20), type="esp"))


@step
def encrypted() -> Luks:
    """As fast as GRUB in translated code can open it; of two keys, both do."""
    return mkluks(
        mkpart(table(), size=MiB(1700)),
        Secret.from_text("another one"),
        Secret.from_text("open"),
        kdf="pbkdf2",
        options=("--pbkdf-force-iterations=1000",),
    )


@step
def group() -> VolumeGroup:
    """Of two partitions: the first has room for the root."""
    return mkvg(encrypted(), mkpart(table()), name="the-group")


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mklv(group(), name="root", size=Percent(48))))


@step
def efi() -> Mounted[Vfat]:
    return mount(esp(), "/boot/efi", on=root())


@step
def swap() -> Swap:
    return mkswap(mklv(group(), name="swap", size=MiB(64)))


@step
def noise() -> Swap:
    return mkswap(mklv(group(), name="noise", size=MiB(4)), random_key=True)


@step
def home() -> Mounted[Ext4]:
    return mount(mkext4(mklv(group(), name="home", size=MiB(300))), "/home", on=root())


@step
def xfs() -> Mounted[Xfs]:
    return mount(mkxfs(mklv(group(), name="xfs", size=MiB(320))), "/srv/xfs", on=root())


@step
def btrfs() -> Mounted[Btrfs]:
    return mount(mkbtrfs(mklv(group(), name="btrfs", size=MiB(320))), "/srv/btrfs", on=root())


@step
def data() -> Mounted[Ext4]:
    """A volume for which neither partition has enough left."""
    return mount(mkext4(mklv(group(), name="da-ta", size=MiB(478))), "/srv/data", on=root())


@step
def striped() -> Mounted[Ext4]:
    """A volume of which every second piece is encrypted."""
    volume = mklv(group(), name="striped", size=MiB(32), stripes=2)
    return mount(mkext4(volume), "/srv/striped", on=root())


@step
def system() -> RootFs:
    return system_from(root(), tarball(), suite="bookworm")


@step
def packages() -> None:
    create_file(system(), "/etc/dpkg/dpkg.cfg.d/few-drivers", FEW_DRIVERS)
    create_file(system(), "/etc/initramfs-tools/conf.d/list", "MODULES=list\n")
    modules = "".join(f"{name}\n" for name in MODULES)
    create_file(system(), "/usr/share/initramfs-tools/modules.d/disk", modules)
    for folder, text in DROP_INS.items():
        create_file(system(), f"/etc/systemd/{folder}/few.conf", text)
    apt(
        system(),
        "cryptsetup-initramfs",
        "grub-efi-amd64-bin",
        "grub-pc-bin",
        "grub2-common",
        "fdisk",
        "linux-image-amd64",
        "lvm2",
        "systemd-sysv",
        "udev",
        recommends=False,
    )


@step
def contents() -> None:
    """A megabyte of its own for each file, so that a block in a wrong place is found.

    Of /srv/data, some are on either partition.
    """
    chroot(
        system(),
        """
        for place in /home /srv/xfs /srv/btrfs /srv/data /srv/striped; do
            case $place in
                /srv/data) count=160 ;;
                /srv/striped) count=20 ;;
                *) count=30 ;;
            esac
            mkdir -p "$place"
            number=0
            while [ "$number" -lt "$count" ]; do
                number=$((number + 1))
                yes "$place $number" | head -c 1M >"$place/$number"
            done
            (cd "$place" && b2sum -- *) >"/root/$(basename "$place")"
        done
        passwd -d root
        """,
    )


@step
def boot_loaders() -> None:
    fstab(system())
    grow_root(system())
    grub_bios(system(), console="serial", timeout=1)
    grub_uefi(system(), efi(), console="serial", timeout=1)
