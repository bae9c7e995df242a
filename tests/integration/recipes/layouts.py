"""Disks that people ask for: of a few files each, in place of a system.

A row of `ROWS` is one disk. All of a row's filesystems are on devices of one sort, but for those
that firmware and boot loaders read, as on real disks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from vmdsl import (
    Btrfs,
    Extended,
    Gpt,
    LogicalVolume,
    Luks,
    MiB,
    Mountable,
    Mounted,
    Msdos,
    Partition,
    Secret,
    Size,
    VolumeGroup,
    create_file,
    fstab,
    mkbtrfs,
    mkext2,
    mkext3,
    mkext4,
    mkextended,
    mkf2fs,
    mkgpt,
    mkimg,
    mkluks,
    mklv,
    mkmsdos,
    mkpart,
    mkswap,
    mkswapfile,
    mkvfat,
    mkvg,
    mkxfs,
    mount,
    option,
    step,
    subvolume,
    system_from,
)

KEY = Secret.from_text("open sesame")
#: As fast as a guest in translated code can open it.
QUICK = ("--pbkdf-force-iterations=1000",)
MAKE: dict[str, Callable[..., Mountable]] = {
    "ext2": mkext2,
    "ext3": mkext3,
    "ext4": mkext4,
    "xfs": mkxfs,
    "btrfs": mkbtrfs,
    "f2fs": mkf2fs,
    "vfat": mkvfat,
}
LEAST = {"xfs": MiB(300), "btrfs": MiB(140)}


@dataclass(frozen=True)
class Row:
    """A disk: its devices, the kind of the root, of what is apart by mount point, and its swap.

    `below` says what is between partitions and filesystems: nothing, "luks", "lvm", "lvm on luks",
    or "luks on lvm". `plain` are mount points on partitions in spite of it.
    """

    root: str
    apart: Mapping[str, str] = field(default_factory=dict)
    below: str = ""
    table: str = "gpt"
    plain: tuple[str, ...] = ("/boot", "/boot/efi")
    swap: tuple[str, ...] = ()
    subvolumes: tuple[str, ...] = ()
    logical: bool = False
    sector: int = 512


HOMES = {"/home": "ext4", "/var": "ext4"}
ROWS = {
    "ext4": Row("ext4", swap=("/swapfile",)),
    "ext4-uefi": Row("ext4", {"/boot/efi": "vfat"}, swap=("partition",)),
    "ext4-all-apart": Row(
        "ext4",
        {"/boot": "ext2", "/boot/efi": "vfat", "/var": "xfs", "/home": "btrfs", "/srv": "f2fs"},
        swap=("partition", "/var/swap/1"),
    ),
    "ext3-mbr": Row("ext3", {"/home": "ext2"}, table="mbr", swap=("/swapfile", "/home/more")),
    "logical": Row(
        "ext4", {**HOMES, "/opt/large": "f2fs"}, table="mbr", logical=True, swap=("partition",)
    ),
    "large-sectors": Row("xfs", {"/boot/efi": "vfat", "/home": "ext4"}, sector=4096),
    "xfs": Row("xfs", {"/boot": "ext4"}, swap=("/swapfile", "partition")),
    "f2fs": Row("f2fs", {"/boot": "ext4"}),
    "btrfs": Row("btrfs", {"/boot/efi": "vfat"}, swap=("partition",)),
    "btrfs-subvolumes": Row(
        "btrfs", {"/boot": "ext4"}, table="mbr", subvolumes=("/home", "/var/log")
    ),
    "luks-ext4": Row("ext4", {"/boot": "ext4"}, below="luks", swap=("/swapfile",)),
    "luks-btrfs": Row("btrfs", {"/boot": "ext2"}, below="luks", subvolumes=("/home",)),
    "luks-xfs-f2fs": Row("xfs", {"/home": "f2fs"}, below="luks", table="mbr", swap=("volume",)),
    "lvm-ext4": Row("ext4", HOMES, below="lvm", swap=("volume", "/var/swap")),
    "lvm-xfs": Row("xfs", {"/boot": "ext4", "/home": "xfs"}, below="lvm", swap=("/home/swap",)),
    "lvm-btrfs-f2fs": Row("btrfs", {"/srv": "f2fs"}, below="lvm", table="mbr"),
    "lvm-vfat": Row(
        "ext4", {"/srv": "vfat", "/home": "ext3"}, below="lvm", logical=True, table="mbr"
    ),
    "lvm-on-luks-ext4": Row(
        "ext4", {"/boot": "ext2", **HOMES}, below="lvm on luks", swap=("volume", "/swapfile")
    ),
    "lvm-on-luks-xfs": Row("xfs", {"/boot": "xfs", "/home": "f2fs"}, below="lvm on luks"),
    "luks-on-lvm": Row(
        "ext4", {"/boot": "ext4", "/home": "btrfs", "/srv": "vfat"}, below="luks on lvm"
    ),
}

row = option("ext4", help="The disk to make.")
tarball = option(Path(__file__), help="The tarball of a few files.")


@step
def table() -> Gpt | Msdos:
    disk = mkimg(MiB(1400), sector=ROWS[row()].sector)
    return mkgpt(disk) if ROWS[row()].table == "gpt" else mkmsdos(disk)


@step
def extended() -> Extended | None:
    made = table()
    if ROWS[row()].logical and isinstance(made, Msdos):
        return mkextended(made)
    return None


def partition(size: Size, kind: Literal["linux", "esp"] = "linux") -> Partition:
    if (inside := extended()) is not None:
        return mkpart(inside, size=size, type=kind)
    return mkpart(table(), size=size, type=kind)


def encrypted(device: Partition | LogicalVolume, name: str) -> Luks:
    return mkluks(device, KEY, kdf="pbkdf2", options=QUICK, name=f"{row()}.{name}")


@step
def group() -> VolumeGroup | None:
    """Of two devices; no volume of these disks is on both."""
    below = ROWS[row()].below
    if "lvm" not in below:
        return None
    first, second = partition(MiB(500)), partition(MiB(500))
    name = row().replace("-", "_")
    if below == "lvm on luks":
        return mkvg(encrypted(first, "one"), encrypted(second, "two"), name=name)
    return mkvg(first, second, name=name)


def device(name: str, size: Size) -> Partition | Luks | LogicalVolume:
    """A device that is made as the row says."""
    below = ROWS[row()].below
    if (volumes := group()) is not None:
        volume = mklv(volumes, size=size, name=name)
        return encrypted(volume, name) if below == "luks on lvm" else volume
    made = partition(size + MiB(16) if below else size)
    return encrypted(made, name) if below else made


def made(path: str, kind: str) -> Mountable:
    """A filesystem for a mount point."""
    size = LEAST.get(kind, MiB(64))
    if path in ROWS[row()].plain:
        esp = path == "/boot/efi"
        return MAKE[kind](partition(size, "esp" if esp else "linux"))
    return MAKE[kind](device(path.strip("/").replace("/", "-") or "root", size))


@step
def root() -> Mounted[Any]:
    this = ROWS[row()]
    filesystem = made("/", this.root)
    if not isinstance(filesystem, Btrfs) or not this.subvolumes:
        return mount(filesystem)
    mounted = mount(subvolume(filesystem, "@"), options=("compress=zstd",))
    for path in this.subvolumes:
        part = subvolume(filesystem, path.replace("/", "@"))
        mount(part, path, on=mounted, options=("compress=zstd",))
    return mounted


@step
def apart() -> dict[str, Mounted[Any]]:
    return {
        path: mount(made(path, kind), path, on=root()) for path, kind in ROWS[row()].apart.items()
    }


@step
def swap() -> None:
    mounts = {"/": root(), **apart()}
    for word in ROWS[row()].swap:
        if word.startswith("/"):
            place = max((path for path in mounts if word.startswith(path)), key=len)
            mkswapfile(mounts[place], word, size=MiB(8), label="file")
        else:
            mkswap(partition(MiB(8)) if word == "partition" else device("swap", MiB(8)))


@step
def files() -> None:
    """A file for each mount, in which no block is like another."""
    system = system_from(root(), tarball(), suite="bookworm")
    fstab(system)
    for path in ("/", *ROWS[row()].apart, *ROWS[row()].subvolumes):
        lines = "".join(f"{path} {number}\n" for number in range(30_000))
        create_file(system, f"{path.rstrip('/')}/file", lines)
