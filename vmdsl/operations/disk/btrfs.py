"""Btrfs."""

from __future__ import annotations

import re
from typing import ClassVar

from vmdsl.language.handles import BlockDevice, Mountable, Subvolume
from vmdsl.language.operation import operation, record, refuse
from vmdsl.language.traits import ToolOptions, Traits
from vmdsl.operations.disk.mkfs import CONTENT, GIVE_LABEL, GIVE_UUID, check_uuid, record_filesystem

#: Of one device alone; others, such as raid1, need several.
_PROFILES = ("single", "dup", "raid0")
_OF_SEVERAL = r"raid(1|5|6|10|1c3|1c4)$"
_CHECKSUMS = ("crc32c", "sha256", "blake2")
_FEATURES = ("mixed-bg", "extref", "skinny-metadata", "no-holes", "fst", "free-space-tree")
#: Those that vmdsl does not write, or that are for several devices.
_UNWRITTEN = re.compile(
    r"\^skinny-metadata|quota|squota|raid56|raid1c34|zoned|bgt|block-group-tree|extent-tree-v2|"
    r"raid-stripe-tree|rst|list-all|xxhash|xxhash64"
)
_NAME = re.compile(r"(?!/)(?:(?:^|/)(?!\.{1,2}(?:/|$))[^\s/,\\\"'$`;&|<>#\x00-\x1f\x7f]+)+")
_LONGEST = 255


@operation
class Btrfs(Mountable):
    """A Btrfs filesystem."""

    kind = "btrfs"
    _tools: ClassVar = {"mkfs.btrfs": "btrfs-progs"}
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
            "--subvol": "make subvolumes with subvolume()",
            "--compress": "give mount() the option: compress=zstd:3",
            **dict.fromkeys(("--shrink", "-b", "--byte-count", "--device-uuid"), ""),
            **dict.fromkeys(("--reflink", "--inode-flags"), ""),
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
    which override those of vmdsl. It has no quotas.

    Files are compressed if a mount of it, or of a subvolume, has the option `compress=zstd:3`, say,
    or `compress=zlib`; the running system goes on with that.
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
        for part in re.split("[,=]", word):
            if _UNWRITTEN.fullmatch(part):
                raise refuse(
                    f"a Btrfs with {part}, which vmdsl does not write",
                    "remove it: the running system can switch it on"
                    if "quota" in part
                    else "remove it",
                    about="options",
                    code="tool-option",
                )
    return record_filesystem(
        Btrfs(device=device, label=label, uuid=check_uuid(uuid), options=options)
    )


def subvolume(within: Btrfs | Subvolume, name: str, *, default: bool = False) -> Subvolume:
    """Make a subvolume of a Btrfs, or in another subvolume, to be mounted like a filesystem.

    `name` is its name there, such as "@home", or a path whose directories are made:
    "var/lib/portables". What is mounted of it has its files; a subvolume that isn't mounted has
    those of its directory in the one that it is in, or none.

    A mount that names no subvolume gets the `default` one. So /etc/fstab does not name it, and
    `btrfs subvolume set-default` exchanges it for a snapshot. Without one, the default is the top
    level, which holds the others.
    """
    if not _NAME.fullmatch(name) or any(len(part.encode()) > _LONGEST for part in name.split("/")):
        raise refuse(
            f"a subvolume cannot be named {name!r}",
            'give a name such as "@home", or a path such as "usr/local": /etc/fstab and the '
            "kernel's command line take no spaces, commas or quotes",
            about="name",
            code="subvolume",
        )
    return record(Subvolume(within=within, path=name, default=default))
