"""Btrfs."""

from __future__ import annotations

import re
from typing import ClassVar

from vmdsl.language.handles import BlockDevice, Mountable, ToolOptions, Traits
from vmdsl.language.operation import operation, refuse
from vmdsl.operations.disk.mkfs import CONTENT, GIVE_LABEL, GIVE_UUID, check_uuid, record_filesystem

#: Of one device alone; others, such as raid1, need several.
_PROFILES = ("single", "dup", "raid0")
_OF_SEVERAL = r"raid(1|5|6|10|1c3|1c4)$"
_CHECKSUMS = ("crc32c", "xxhash", "sha256", "blake2")
_FEATURES = (
    *("mixed-bg", "quota", "extref", "raid56", "skinny-metadata", "no-holes", "raid1c34", "zoned"),
    *("fst", "free-space-tree", "bgt", "block-group-tree", "extent-tree-v2", "raid-stripe-tree"),
    *("rst", "squota", "list-all"),
)


@operation
class Btrfs(Mountable):
    """A Btrfs filesystem."""

    kind = "btrfs"
    _programs: ClassVar = {"mkfs.btrfs": "btrfs-progs"}
    _traits = Traits(
        longest_label=255,
        tool_options=ToolOptions(
            short="b:fl:n:s:m:d:L:O:R:r:U:VvMKqu:",
            long=(
                *("byte-count=", "checksum=", "compress=", "csum=", "data=", "device-uuid="),
                *("features=", "force", "help", "inode-flags=", "label=", "leafsize=", "metadata="),
                *("mixed", "nodesize=", "nodiscard", "quiet", "reflink", "rootdir="),
                *("runtime-features=", "sectorsize=", "shrink", "subvol=", "uuid=", "verbose"),
                "version",
            ),
            words={
                **dict.fromkeys(("-d", "--data", "-m", "--metadata"), _PROFILES),
                **dict.fromkeys(("--csum", "--checksum"), _CHECKSUMS),
                **dict.fromkeys(("-O", "--features", "-R", "--runtime-features"), _FEATURES),
            },
        ),
        refused={
            "--label": GIVE_LABEL,
            "--uuid": GIVE_UUID,
            "-r": CONTENT,
            "--rootdir": CONTENT,
            **dict.fromkeys(("--shrink", "--subvol", "-b", "--byte-count"), ""),
        },
        least=110 * 2**20,
        grub_module="btrfs",
        can_grow=True,
        is_checked=False,
    )


def mkbtrfs(
    device: BlockDevice, *, label: str = "", uuid: str = "", options: tuple[str, ...] = ()
) -> Btrfs:
    """Format a partition or a volume with Btrfs, of at least 110 MiB. `label` is at most 255 bytes.

    `uuid` is derived from the step, if not given. `options` are further arguments of mkfs.btrfs,
    which override those of vmdsl. mkfs.btrfs does not write the same bytes each time.
    """
    for word in options:
        if re.search(_OF_SEVERAL, word):
            hint = "one of a single device is single or dup"
            raise refuse(
                f"a Btrfs with {word} needs several devices",
                hint,
                about="options",
                code="tool-option",
            )
    return record_filesystem(
        Btrfs(device=device, label=label, uuid=check_uuid(uuid), options=options)
    )
