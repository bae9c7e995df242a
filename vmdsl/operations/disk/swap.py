"""Swap space: partitions, volumes and files."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import ClassVar, Literal

from vmdsl.language.handles import BlockDevice, Filesystem, Mounted, SwapFile, traits_of
from vmdsl.language.operation import operation, record, refuse
from vmdsl.language.traits import ToolOptions, Traits
from vmdsl.operations.disk.ext import Ext2, Ext3, Ext4
from vmdsl.operations.disk.mkfs import (
    GIVE_LABEL,
    GIVE_UUID,
    check_label,
    check_uuid,
    record_filesystem,
)
from vmdsl.operations.disk.xfs import Xfs
from vmdsl.values import Size

_MIB = 2**20


@operation
class Swap(Filesystem):
    """Swap space; it goes to fstab and cannot be mounted.

    Its `key` is "random" if the running system makes it at each start: it is not in the image then.
    """

    kind = "swap"
    _tools: ClassVar = {"mkswap": "util-linux"}
    _traits = Traits(
        longest_label=15,  # a longer one loses its end
        tool_options=ToolOptions(
            short="cfp:qL:v:U:Vho:e:s:F",
            long=(
                *("check", "endianness=", "file", "force", "help", "label=", "lock=?", "offset="),
                *("pagesize=", "quiet", "size=", "swapversion=", "uuid=", "verbose", "version"),
            ),
        ),
        refused={
            "--label": GIVE_LABEL,
            "--uuid": GIVE_UUID,
            **dict.fromkeys(
                ("-c", "--check", "-o", "--offset", "-s", "--size", "-F", "--file"), ""
            ),
        },
        most=16 * 2**40,
    )

    key: Literal["", "random"] = ""


def mkswap(
    device: BlockDevice,
    *,
    label: str = "",
    uuid: str = "",
    options: tuple[str, ...] = (),
    random_key: bool = False,
) -> Swap:
    """Make a partition or a volume swap space. `label` is at most 15 bytes.

    `uuid` is derived from the step, if not given. `options` are further arguments of mkswap. With
    `random_key`, the running system encrypts it with another key at each start, so that nobody
    reads it later; such swap space has neither a label, a UUID nor options.
    """
    if random_key and (label or uuid or options):
        about = "label" if label else "uuid" if uuid else "options"
        raise refuse(
            f"swap space with a random key, and with {about}=",
            f"leave out {about}=: the running system makes it at each start",
            about=about,
            code="volume",
        )
    return record_filesystem(
        Swap(
            device=device,
            label=label,
            uuid=check_uuid(uuid),
            options=options,
            key="random" if random_key else "",
        )
    )


def mkswapfile(
    mounted: Mounted[Ext2 | Ext3 | Ext4 | Xfs],
    path: str = "/swapfile",
    *,
    size: Size,
    label: str = "",
    uuid: str = "",
) -> SwapFile:
    """Make a file in a mounted filesystem of ext or XFS that the system uses as swap space.

    `path` is where it is in the system, and `size` whole MiB. It is root's alone, and has all its
    blocks: it counts as content of the filesystem. `fstab()` writes a line for it. `label` is at
    most 15 bytes. `uuid` is derived from the step, if not given.
    """
    place = PurePosixPath(path)
    if place.root != "/" or ".." in place.parts or place == PurePosixPath("/"):
        raise refuse(
            f"{path!r} is not a place for a swap file",
            'write it as it is in the system: "/swapfile"',
            about="path",
            code="swap-file",
        )
    if size.bytes <= 0 or size.bytes % _MIB:
        raise refuse(
            f"a swap file of {size}",
            "give whole MiB, such as GiB(1)",
            about="size",
            code="swap-file",
        )
    return record(
        SwapFile(
            mounted=mounted,
            path=place,
            size=size,
            label=check_label(label, traits_of(Swap).longest_label),
            uuid=check_uuid(uuid),
        )
    )


def is_random(filesystem: Filesystem) -> bool:
    """Return whether a filesystem is swap space with a random key, which is not in the image."""
    return isinstance(filesystem, Swap) and filesystem.key == "random"
