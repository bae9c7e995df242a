"""XFS, Btrfs and F2FS with files that filesystems get wrong, in an image that may boot.

Each holds what nasty.py makes. In /root there is a list of it, and what makes such lists. The
kernel starts a shell, and nothing else. A disk with large sectors boots with UEFI. A root on Btrfs
has subvolumes.
"""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

from vmdsl import (
    Btrfs,
    GiB,
    Gpt,
    MiB,
    Mountable,
    Mounted,
    Msdos,
    Partition,
    RootFs,
    Vfat,
    apt,
    copy_file,
    create_file,
    flag,
    fstab,
    grub_bios,
    grub_uefi,
    host_shell,
    mkbtrfs,
    mkext4,
    mkf2fs,
    mkgpt,
    mkimg,
    mkmsdos,
    mkpart,
    mkvfat,
    mkxfs,
    mount,
    option,
    step,
    step_if,
    subvolume,
    system_from,
)


class Kind(StrEnum):
    """What the root filesystem is."""

    EXT4 = "ext4"
    XFS = "xfs"
    BTRFS = "btrfs"
    F2FS = "f2fs"


MAKE: dict[Kind, Callable[[Partition], Mountable]] = {
    Kind.EXT4: mkext4,
    Kind.XFS: mkxfs,
    Kind.BTRFS: mkbtrfs,
    Kind.F2FS: mkf2fs,
}

#: Of the kernel's drivers those of the disk alone: the others take long to unpack and to write.
FEW_DRIVERS = """\
path-exclude=/lib/modules/*/kernel/drivers/*
path-exclude=/lib/modules/*/kernel/net/*
path-include=/lib/modules/*/kernel/drivers/block/*
path-include=/lib/modules/*/kernel/drivers/md/*
path-include=/lib/modules/*/kernel/drivers/virtio/*
"""

tarball = option(Path(__file__), help="The tarball of a minimal system.")
kind = option(Kind.EXT4, help="Kind of the root filesystem.")
boots = flag(default=False, help="Install a kernel and GRUB.")
empty = flag(default=False, help="There is but the root.")
large = flag(default=False, help="Sectors of 4096 bytes, and an F2FS besides the root.")


def kinds() -> tuple[Kind, ...]:
    """The kinds of the filesystems that are filled."""
    if large():
        return (Kind.F2FS,)
    return () if empty() else (Kind.XFS, Kind.BTRFS, Kind.F2FS)


@step
def table() -> Gpt | Msdos:
    return mkgpt(mkimg(GiB(3), sector=4096)) if large() else mkmsdos(mkimg(GiB(3)))


@step_if(large)
def esp() -> Vfat:
    return mkvfat(mkpart(table(), size=MiB(20), type="esp"))


@step
def root() -> Mounted[Any]:
    made = MAKE[kind()](mkpart(table()))
    if not isinstance(made, Btrfs):
        return mount(made)
    of_system = subvolume(made, "@")
    subvolume(of_system, "var/log")
    mounted = mount(of_system, options=("compress=zstd:1", "noatime"))
    mount(subvolume(made, "@home"), "/home", on=mounted)
    subvolume(made, "@snapshots")
    return mounted


@step_if(large)
def efi() -> Mounted[Vfat] | None:
    fat = esp()
    return mount(fat, "/boot/efi", on=root()) if fat is not None else None


@step
def data() -> None:
    if Kind.XFS in kinds():
        mount(mkxfs(mkpart(table(), size=MiB(320)), label="data"), "/srv/xfs", on=root())
    if Kind.BTRFS in kinds():
        made = mkbtrfs(mkpart(table(), size=MiB(320)), label="data")
        small = ("compress=zstd",)
        mount(subvolume(made, "sets/1", default=True), "/srv/btrfs", on=root(), options=small)
    if Kind.F2FS in kinds():
        mount(mkf2fs(mkpart(table(), size=MiB(320)), label="data"), "/srv/f2fs", on=root())


@step
def system() -> RootFs:
    return system_from(root(), tarball(), suite="bookworm")


@step_if(boots)
def packages() -> None:
    """The kernel's initramfs has what finds a root of any kind, and no more."""
    create_file(system(), "/etc/dpkg/dpkg.cfg.d/few-drivers", FEW_DRIVERS)
    create_file(system(), "/etc/initramfs-tools/conf.d/list", "MODULES=list\n")
    names = ("virtio_pci", "virtio_blk", "crc32_generic", "crc32c_generic", *Kind)
    modules = "".join(f"{name}\n" for name in names)
    create_file(system(), "/usr/share/initramfs-tools/modules.d/disk", modules)
    apt(
        system(),
        "grub-efi-amd64" if large() else "grub-pc",
        "iputils-ping",
        "linux-image-amd64",
        "python3",
        "systemd",
        "udev",
        *(("cryptsetup-bin", "lvm2") if Kind.BTRFS in kinds() else ()),
        recommends=False,
    )


@step
def files() -> None:
    host_shell(
        system(),
        f"""
        for kind in {" ".join(kinds())}; do
            mkdir -p "$ROOT/srv/$kind"
            python3 ../filesystems/nasty.py "$ROOT/srv/$kind" "$kind"
        done
        """,
    )


@step
def pipes() -> None:
    if kind() is Kind.F2FS:  # whose tools make none
        host_shell(system(), 'find "$ROOT/srv/nasty" -type p -delete')


@step
def lists() -> None:
    copy_file(system(), "../filesystems/listing.py", "/root/listing.py")
    copy_file(system(), "../filesystems/look.sh", "/root/look.sh", mode=0o755)
    host_shell(
        system(),
        f"""
        for kind in {" ".join(kinds())}; do
            python3 ../filesystems/listing.py "$ROOT/srv/$kind" >"$ROOT/root/$kind"
        done
        """,
    )


@step
def mounts() -> None:
    fstab(system())


@step_if(boots)
def boot_loader() -> None:
    started = ("init=/bin/bash",)
    if (esp_mounted := efi()) is not None:
        grub_uefi(system(), esp_mounted, console="serial", timeout=1, parameters=started)
    else:
        grub_bios(system(), console="serial", timeout=1, parameters=started)
