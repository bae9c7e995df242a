"""The disk: image, partition table, partitions and mounts."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any, Literal, TypeVar, get_args

from vmdsl.language.handles import Disk, Gpt, Mountable, Mounted, Msdos, Partition, RootFs
from vmdsl.language.recording import one_of, record, refuse
from vmdsl.values import Size

_M = TypeVar("_M", bound=Mountable)

PartitionType = Literal["linux", "esp", "bios-boot", "swap", "fat", "home", "prep"]
PartitionFlag = Literal["boot", "legacy-boot", "required", "no-automount", "read-only"]
_GPT_FLAGS = {"legacy-boot", "required", "no-automount", "read-only"}


def mkimg(size: Size) -> Disk:
    """Make the disk image. It is sparse: what is empty takes no space."""
    if size.bytes <= 0 or size.bytes % 512:
        raise refuse(f"an image of {size}", "give a size that is a multiple of 512 bytes")
    return record(Disk(size=size))


def mkgpt(disk: Disk) -> Gpt:
    """Give the disk a GUID partition table: what UEFI wants and BIOS can boot from."""
    return record(Gpt(disk=disk))


def mkmsdos(disk: Disk) -> Msdos:
    """Give the disk a partition table in its master boot record, of at most four partitions."""
    return record(Msdos(disk=disk))


def mkpart(
    table: Gpt | Msdos,
    *,
    size: Size | None = None,
    start: Size | None = None,
    end: Size | None = None,
    type: PartitionType = "linux",  # noqa: A002 (the field's word)
    label: str = "",
    flags: tuple[PartitionFlag, ...] = (),
) -> Partition:
    """Add a partition behind those that the table has.

    With `size`, or `start` and `end` (from the start of the disk), or neither: then it takes
    what the others leave. Starts are aligned up to 1 MiB. `label` is the partition's name in a
    GPT. `type` says what it is for; `boot` marks the active partition of an MBR, `legacy-boot`
    is its like in a GPT.
    """
    one_of("type", type, get_args(PartitionType))
    if size is not None and end is not None:
        raise refuse("a partition with both size= and end=", "give one of the two")
    if size is not None and (size.bytes <= 0 or size.bytes % 512):
        raise refuse(f"a partition of {size}", "give a size that is a multiple of 512 bytes")
    if end is not None and end.bytes % 512:
        raise refuse(f"a partition that ends at {end}", "give a multiple of 512 bytes")
    if end is not None and start is not None and end <= start:
        raise refuse(f"a partition that ends at {end} and starts at {start}", "swap the two")
    if label and isinstance(table, Msdos):
        raise refuse("a partition of an MBR has no label", "remove label=, or use mkgpt")
    if len(label) > 36:  # noqa: PLR2004 (the GPT's field holds 36 characters)
        raise refuse(f"the label {label!r} is too long", "a GPT has room for 36 characters")
    wrong = sorted(set(flags) - ({"boot"} if isinstance(table, Msdos) else _GPT_FLAGS))
    if wrong:
        raise refuse(f"a partition of this table cannot have the flag {wrong[0]!r}")
    return record(
        Partition(
            table=table, type=type, size=size, start=start, end=end, label=label, flags=tuple(flags)
        )
    )


def mount(
    filesystem: _M, path: str = "/", *, on: Mounted[Any] | RootFs | None = None
) -> Mounted[_M]:
    """Say where a filesystem is in the future system: `mount(esp(), "/boot/efi", on=root())`.

    `on` is what it is mounted on, and is left out for the root filesystem alone.
    """
    place = PurePosixPath(path)
    if place.root != "/" or ".." in place.parts:
        raise refuse(f"{path!r} is no place to mount at", "write it as it is in the system: /srv")
    below = on.mounted if isinstance(on, RootFs) else on
    if below is None and place != PurePosixPath("/"):
        raise refuse(f"what {path} is mounted on isn't given", "add on=, with the root filesystem")
    if below is not None and place == PurePosixPath("/"):
        raise refuse("the root filesystem is mounted on nothing", 'give a path, such as "/boot"')
    return record(Mounted(filesystem=filesystem, path=place, on=below))
