"""The disk: image, partition table, partitions and mounts."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar, get_args
from uuid import UUID

from vmdsl.errors import Hint, code
from vmdsl.language.handles import (
    Disk,
    Extended,
    Gpt,
    Mounted,
    Msdos,
    Partition,
    RootFs,
    Source,
    Subvolume,
)
from vmdsl.language.operation import DependsOnFailed, one_of, record, refuse, warn
from vmdsl.language.partition_types import (
    GPT_BITS,
    GPT_FLAGS,
    MBR_FLAGS,
    MBR_REFUSED,
    PartitionFlag,
    PartitionType,
    type_name,
)
from vmdsl.operations.disk.existing import take_files
from vmdsl.operations.disk.from_image import start_from
from vmdsl.operations.disk.mount_options import what_is_wrong
from vmdsl.values import SECTOR, Percent, Size

_LARGEST_FILE = 2**63 - 1
_SECTORS = (512, 4096)
_M = TypeVar("_M", bound=Source)


def mkimg(
    size: Size | None = None,
    *,
    free: Size | None = None,
    sector: int | None = None,
    from_image: str | Path | None = None,
) -> Disk:
    """Make the disk image. It is sparse: what is empty takes no space.

    Give `size`, a multiple of a sector; or `free`: then the image becomes as large as its
    content needs, and users of the system have at least so much more. One partition of it has
    no size and no end, and grows.

    `sector` is the size of the logical sectors of the disk that the image is written to: 512
    bytes, if it isn't given, or 4096 for UFS and 4Kn disks. The table and the filesystems fit no
    other disk.

    `from_image` is a raw image that is there, such as one for clouds: the disk has its table and
    its partitions, with their ids, and its size, if no other is given; then the last partition
    has what the others leave, or grows. `existing_filesystem()` takes a filesystem of it. All else
    is copied as it is, with the code of boot loaders.
    """
    if from_image is not None:
        if sector is not None:
            raise refuse(
                "both from_image= and sector=",
                "leave out sector=: the image says it",
                code="sector-size",
            )
        _check_size(size, free, SECTOR, given=size is not None or free is not None)
        return start_from(Path(from_image), size, free)
    sector = SECTOR if sector is None else sector
    if sector not in _SECTORS:
        raise refuse(
            f"a disk with sectors of {sector} bytes",
            "give 512, or 4096 for UFS and 4Kn disks",
            about="sector",
            code="sector-size",
        )
    _check_size(size, free, sector, given=True)
    return record(Disk(size=size, free=free, sector=sector))


def _check_size(size: Size | None, free: Size | None, sector: int, *, given: bool) -> None:
    """Refuse sizes that no image has; if one must be `given`, none and two."""
    if given and (size is None) == (free is None):
        both = "both a size and free=" if size is not None else "neither a size nor free="
        raise refuse(
            f"an image with {both}",
            Hint("give one of the two: ", code("mkimg", code("GiB", 4)), ", say"),
            code="image-size",
        )
    if size is not None and (size.bytes <= 0 or size.bytes % sector):
        raise refuse(
            f"an image of {size}",
            f"give a size that is a multiple of {sector} bytes",
            about="size",
            code="whole-sectors",
        )
    if size is not None and size.bytes > _LARGEST_FILE:
        raise refuse(
            f"an image of {size}", "Linux has files of up to 8 EiB", about="size", code="image-size"
        )
    if free is not None and free.bytes < 0:
        raise refuse(
            f"an image with {free} free",
            "give how much is to be free, or Size(0)",
            code="image-size",
        )


def mkgpt(disk: Disk) -> Gpt:
    """Give the disk a GUID partition table: what UEFI wants and BIOS can boot from."""
    return record(Gpt(disk=disk))


def mkmsdos(disk: Disk) -> Msdos:
    """Give the disk a partition table in its master boot record, of at most four partitions.

    One of them can be extended: `mkextended()` makes room for more.
    """
    return record(Msdos(disk=disk))


def mkextended(
    table: Msdos,
    *,
    size: Size | None = None,
    start: Size | Percent | None = None,
    end: Size | Percent | None = None,
) -> Extended:
    """Add an extended partition, which holds logical ones: give it to `mkpart()` as the table.

    The arguments are those of `mkpart()`. The image has a size.
    """
    if table.disk.size is None:
        what = "an extended partition of an image that grows with its content"
        raise refuse(what, "give mkimg a size, or use mkgpt", code="grows-with-content")
    _check_extent(table, size, start, end)
    return record(Extended(table=table, size=size, start=start, end=end))


def mkpart(
    table: Gpt | Msdos | Extended,
    *,
    size: Size | None = None,
    start: Size | Percent | None = None,
    end: Size | Percent | None = None,
    type: PartitionType | UUID | int = "linux",  # noqa: A002 (the field's word)
    label: str = "",
    flags: tuple[PartitionFlag | int, ...] = (),
) -> Partition:
    """Add a partition behind those that the table has, or a logical one to an extended one.

    With `size`, or with `end`, or with neither: then it takes what the others leave. `start`, if
    it isn't given, is where the one before it ends, at the next whole MiB.

    `start` and `end` are places on the disk. A Size counts from its start, a negative one from
    its end, and is taken exactly: it is a multiple of a sector. A Percent is at the nearest whole
    MiB. `end` is the first byte that is not in the partition. Before each logical partition there
    is 1 MiB for a table of its own.

    `type` says what it is for, by name; or it is a `uuid.UUID` on a GPT, or a number from 1 to 255
    on an MBR. `label` is the partition's name in a GPT, of up to 36 characters. An MBR knows one
    flag, "boot", the active partition; a GPT knows the others, and its bits by number, 48 to 63.
    """
    extended = table if isinstance(table, Extended) else None
    table = table.table if isinstance(table, Extended) else table
    _check_extent(table, size, start, end)
    _check_type(table, type)
    if label and isinstance(table, Msdos):
        raise refuse(
            "a partition of an MBR has no label",
            "remove label=, or use mkgpt",
            about="label",
            code="table-kind",
        )
    if len(label.encode("utf-16-le")) > 2 * 36:  # the GPT's field holds 36 characters of UTF-16
        raise refuse(
            f"the label {label!r} is too long",
            "a GPT has room for 36 characters",
            about="label",
            code="table-kind",
        )
    known = MBR_FLAGS if isinstance(table, Msdos) else {*GPT_FLAGS, *GPT_BITS}
    for flag in flags:
        if flag not in known:
            is_mbr = isinstance(table, Msdos)
            hint = (
                "an MBR has boot" if is_mbr else f"a GPT has {', '.join(GPT_FLAGS)}, and 48 to 63"
            )
            raise refuse(
                f"a partition of this table cannot have the flag {flag!r}",
                hint,
                about="flags",
                code="table-kind",
            )
    return record(
        Partition(
            table=table,
            type=type,
            size=size,
            start=start,
            end=end,
            label=label,
            flags=tuple(flags),
            extended=extended,
        )
    )


def _check_extent(
    table: Gpt | Msdos, size: Size | None, start: Size | Percent | None, end: Size | Percent | None
) -> None:
    """Refuse what is wrong on any disk; what is wrong on this one is found when it is laid out."""
    if size is not None and end is not None:
        raise refuse(
            "a partition with both size= and end=", "give one of the two", code="partition-place"
        )
    sector = SECTOR
    with suppress(DependsOnFailed):  # what is wrong on any disk is reported nevertheless
        sector = table.disk.sector
    if size is not None and (size.bytes <= 0 or size.bytes % sector):
        raise refuse(
            f"a partition of {size}",
            f"give a size that is a multiple of {sector} bytes"
            if size.bytes > 0
            else "without size= it takes the space that the others leave",
            about="size",
            code="whole-sectors",
        )
    for word, place, about in (("starts", start, "start"), ("ends", end, "end")):
        if place is None:
            continue
        if isinstance(place, Size) and place.bytes % sector:
            raise refuse(
                f"a partition that {word} at {place}",
                f"give a multiple of {sector} bytes",
                about=about,
                code="whole-sectors",
            )
        from_the_end = isinstance(place, Percent) or place.bytes < 0
        if table.disk.size is None and from_the_end:
            what = f"a partition that {word} at {place} of an image that grows with its content"
            raise refuse(
                what,
                "count from its start, or give mkimg a size",
                about=about,
                code="grows-with-content",
            )
    if start is None or end is None:
        return
    swapped = (
        end.number <= start.number
        if isinstance(start, Percent) and isinstance(end, Percent)
        else isinstance(start, Size)
        and isinstance(end, Size)
        and (start.bytes < 0) == (end.bytes < 0)
        and end <= start
    )
    if swapped:
        raise refuse(
            f"a partition that ends at {end} and starts at {start}",
            "swap the two",
            about="end",
            code="partition-place",
        )


def _check_type(table: Gpt | Msdos, kind: str | UUID | int) -> None:
    if isinstance(kind, str):
        one_of("type", kind, get_args(PartitionType))
    elif isinstance(kind, UUID) and isinstance(table, Msdos):
        raise refuse(
            "an MBR has no types by UUID",
            "give a name, or a number such as 0x83",
            about="type",
            code="table-kind",
        )
    elif isinstance(kind, int) and isinstance(table, Gpt):
        raise refuse(
            "a GPT has no types by number",
            "give a name, or a uuid.UUID",
            about="type",
            code="table-kind",
        )
    elif isinstance(kind, int) and (kind in MBR_REFUSED or not 0 <= kind <= 0xFF):  # noqa: PLR2004
        raise refuse(
            f"the type {type_name(kind)} of an MBR is of no partition that holds something",
            "give another one from 1 to 255",
            about="type",
            code="table-kind",
        )


def mount(
    filesystem: _M,
    path: str = "/",
    *,
    on: Mounted[Any] | RootFs | None = None,
    options: tuple[str, ...] = (),
) -> Mounted[_M]:
    """Say where a filesystem is in the future system: `mount(esp(), "/boot/efi", on=root())`.

    Of a Btrfs, a subvolume can be mounted instead: `mount(subvolume(data(), "@home"), "/home", …)`.

    `on` is what it is mounted on, and is left out for the root filesystem alone. `options` are
    those that `fstab()` writes, one by one, such as `("noatime", "discard")`. Without any it
    writes `errors=remount-ro` for a root of ext, `umask=0077` for FAT, or `defaults`.
    """
    if isinstance(options, str):
        raise refuse(
            "options= is one text", f"make it a tuple: options=({options!r},)", code="text-for-list"
        )
    for option in options:
        if not option or any(letter.isspace() or letter == "," for letter in option):
            raise refuse(
                f"{option!r} is not a mount option",
                "give them one by one, without commas",
                about="options",
                code="mount-option",
            )
        _check_option(option, filesystem)
    place = PurePosixPath(path)
    if place.root != "/" or ".." in place.parts:
        raise refuse(
            f"{path!r} is not a place to mount at",
            "write it as it is in the system: /srv",
            about="path",
            code="mount-point",
        )
    if why := _not_in_an_image(place):
        raise refuse(f"a filesystem at {path}", why, about="path", code="mount-point")
    below = on.mounted if isinstance(on, RootFs) else on
    if below is None and place != PurePosixPath("/"):
        raise refuse(
            f"what {path} is mounted on isn't given",
            "add on=, with the root filesystem",
            about="path",
            code="mount-point",
        )
    if below is not None and place == PurePosixPath("/"):
        raise refuse(
            "the root filesystem is mounted on nothing",
            'give a path, such as "/boot"',
            code="mount-point",
        )
    made = record(Mounted(source=filesystem, path=place, on=below, options=tuple(options)))
    take_files(made, on)
    return made


def _check_option(option: str, source: Source) -> None:
    kind = source.kind if not isinstance(source, Subvolume) else source.filesystem.kind
    if isinstance(source, Subvolume) and option.partition("=")[0] in {"subvol", "subvolid"}:
        raise refuse(
            f"{option} among the options of a subvolume, whose path is known",
            "leave it out: fstab() and the boot loader name the subvolume if that is needed",
            about="options",
            code="mount-option",
        )
    other, meant = what_is_wrong(option, kind)
    if other:
        name = option.partition("=")[0]
        raise refuse(
            f"{name} is a mount option of {other}, not of {kind}",
            "remove it: the mount would fail",
            about="options",
            code="mount-option",
        )
    if meant:
        what = f"{kind} may have no mount option {option!r}"
        warn(what, f"did you mean {meant}?", about="options", code="mount-option")


#: The running system has filesystems of its own there.
_AT_RUN_TIME = tuple(
    PurePosixPath(path) for path in ("/proc", "/sys", "/dev", "/run", "/var/run", "/var/lock")
)
#: The system needs these before it mounts anything but the root filesystem and /usr.
_TOO_EARLY = frozenset(
    PurePosixPath(path)
    for path in (
        *("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc"),
        *("/usr/bin", "/usr/sbin", "/usr/lib"),
    )
)


def _not_in_an_image(place: PurePosixPath) -> str:
    """Return why no filesystem of an image can be mounted at a place, or ""."""
    for own in _AT_RUN_TIME:
        if place.is_relative_to(own):
            return f"the running system has its own {own}: mount it elsewhere, such as /srv"
    if place in _TOO_EARLY:
        return f"the system needs {place} before it mounts this: leave it on the root filesystem"
    return ""
