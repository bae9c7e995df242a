"""What partitions and volumes are formatted with: filesystems and swap."""

from __future__ import annotations

import re
import uuid as uuids
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from vmdsl.language.handles import BlockDevice, Btrfs, Ext, Ext2, Ext3, Ext4, F2fs, Swap, Vfat, Xfs
from vmdsl.language.operation import one_of, record, refuse

_E = TypeVar("_E", bound=Ext)

#: The features that mke2fs knows by name, but for those of a journal's own device.
EXT_FEATURES = (
    *("64bit", "bigalloc", "casefold", "dir_index", "dir_nlink", "ea_inode", "encrypt"),
    *("ext_attr", "extent", "extents", "extra_isize", "fast_commit", "filetype", "flex_bg"),
    *(
        "has_journal",
        "huge_file",
        "inline_data",
        "large_dir",
        "large_file",
        "meta_bg",
        "metadata_csum",
    ),
    *("metadata_csum_seed", "mmp", "orphan_file", "project", "quota", "resize_inode"),
    *("sparse_super", "sparse_super2", "stable_inodes", "uninit_bg", "verity"),
)
_FORCE = re.compile("^-F+")
_BLOCK_SIZES = (1024, 2048, 4096)
_LEAST_INODE = 128
_MOST_RESERVED = 50
_BYTES_PER_INODE = (1024, 64 * 2**20)
_FATS = (12, 16, 32)
_CLUSTERS = tuple(512 << power for power in range(8))

Refused = Mapping[str, str]
_NAMED = {"-L": "give label=", "-U": "give uuid="}
_NAMED_AT_LENGTH = {"--label": "give label=", "--uuid": "give uuid="}
_CONTENT = "the content is the tree's"
#: Options of the tools that would break what the plan says, and what to give instead.
_EXT_REFUSED: Refused = {
    **_NAMED,
    "-t": "call mkext2, mkext3 or mkext4",
    "-d": _CONTENT,
    **dict.fromkeys(("-S", "-c", "-l", "-n"), ""),
}
_VFAT_REFUSED: Refused = {
    "-n": "give label=",
    "-i": "give uuid=",
    **dict.fromkeys(("-C", "-c", "-l"), ""),
}
_SWAP_REFUSED: Refused = {
    **_NAMED,
    **_NAMED_AT_LENGTH,
    **dict.fromkeys(("-c", "--check", "-o", "--offset"), ""),
}
_XFS_REFUSED: Refused = {
    **_NAMED,
    "-p": _CONTENT,
    **dict.fromkeys(("-N", "-b", "-c", "-n", "-r"), ""),
}
_BTRFS_REFUSED: Refused = {
    **_NAMED,
    **_NAMED_AT_LENGTH,
    "-r": _CONTENT,
    "--rootdir": _CONTENT,
    **dict.fromkeys(("--shrink", "--subvol", "-b", "--byte-count"), ""),
}
_F2FS_REFUSED: Refused = {
    "-l": "give label=",
    "-U": "give uuid=",
    **dict.fromkeys(("-S", "-T", "-c", "-m"), ""),
}


def mkext2(
    device: BlockDevice,
    *,
    label: str = "",
    uuid: str = "",
    features: tuple[str, ...] = (),
    reserved: float | None = None,
    block_size: int | None = None,
    inode_size: int | None = None,
    bytes_per_inode: int | None = None,
    inodes: int | None = None,
    options: tuple[str, ...] = (),
) -> Ext2:
    """Format a partition or a volume with ext2. `label` is at most 16 bytes.

    `features` are mke2fs's, added to the default ones, or taken away: `"^resize_inode"`.
    `reserved` is the share of blocks kept for root, in percent (5 if not given). `block_size`
    (4096) and `inode_size` (256) are in bytes. There is an inode for each `bytes_per_inode`
    (16384) of the filesystem, or there are as many as `inodes`. `uuid` is derived from the
    step, if not given. `options` are further arguments of mke2fs, which override the others.
    """
    return _ext(
        Ext2(
            device=device,
            label=check_label(label, 16),
            uuid=check_uuid(uuid),
            features=features,
            reserved=reserved,
            block_size=block_size,
            inode_size=inode_size,
            bytes_per_inode=bytes_per_inode,
            inodes=inodes,
            options=options,
        )
    )


def mkext3(
    device: BlockDevice,
    *,
    label: str = "",
    uuid: str = "",
    features: tuple[str, ...] = (),
    reserved: float | None = None,
    block_size: int | None = None,
    inode_size: int | None = None,
    bytes_per_inode: int | None = None,
    inodes: int | None = None,
    options: tuple[str, ...] = (),
) -> Ext3:
    """Format a partition or a volume with ext3: ext2 with a journal. Its arguments are mkext2's."""
    return _ext(
        Ext3(
            device=device,
            label=check_label(label, 16),
            uuid=check_uuid(uuid),
            features=features,
            reserved=reserved,
            block_size=block_size,
            inode_size=inode_size,
            bytes_per_inode=bytes_per_inode,
            inodes=inodes,
            options=options,
        )
    )


def mkext4(
    device: BlockDevice,
    *,
    label: str = "",
    uuid: str = "",
    features: tuple[str, ...] = (),
    reserved: float | None = None,
    block_size: int | None = None,
    inode_size: int | None = None,
    bytes_per_inode: int | None = None,
    inodes: int | None = None,
    options: tuple[str, ...] = (),
) -> Ext4:
    """Format a partition or a volume with ext4. The arguments are those of mkext2."""
    return _ext(
        Ext4(
            device=device,
            label=check_label(label, 16),
            uuid=check_uuid(uuid),
            features=features,
            reserved=reserved,
            block_size=block_size,
            inode_size=inode_size,
            bytes_per_inode=bytes_per_inode,
            inodes=inodes,
            options=options,
        )
    )


def mkxfs(
    device: BlockDevice, *, label: str = "", uuid: str = "", options: tuple[str, ...] = ()
) -> Xfs:
    """Format a partition or a volume with XFS, of at least 300 MiB. `label` is at most 12 bytes.

    `uuid` is derived from the step, if not given. `options` are further arguments of mkfs.xfs,
    which override those of vmdsl. Blocks are of 4096 bytes, and there is no realtime section.
    """
    check_options(options, "mkfs.xfs", _XFS_REFUSED)
    if any("uuid=" in word for word in options):
        raise refuse("mkfs.xfs's option uuid= among the options", "give uuid=")
    if " " in label:
        raise refuse(f"the label {label!r} has a space", "XFS takes none")
    return record(
        Xfs(device=device, label=check_label(label, 12), uuid=check_uuid(uuid), options=options)
    )


def mkbtrfs(
    device: BlockDevice, *, label: str = "", uuid: str = "", options: tuple[str, ...] = ()
) -> Btrfs:
    """Format a partition or a volume with Btrfs, of at least 110 MiB. `label` is at most 255 bytes.

    `uuid` is derived from the step, if not given. `options` are further arguments of mkfs.btrfs,
    which override those of vmdsl. mkfs.btrfs does not write the same bytes each time.
    """
    check_options(options, "mkfs.btrfs", _BTRFS_REFUSED)
    return record(
        Btrfs(device=device, label=check_label(label, 255), uuid=check_uuid(uuid), options=options)
    )


def mkf2fs(
    device: BlockDevice, *, label: str = "", uuid: str = "", options: tuple[str, ...] = ()
) -> F2fs:
    """Format a partition or a volume with F2FS, of at least 52 MiB. `label` is at most 255 bytes.

    `uuid` is derived from the step, if not given. `options` are further arguments of mkfs.f2fs,
    which override those of vmdsl.
    """
    check_options(options, "mkfs.f2fs", _F2FS_REFUSED)
    return record(
        F2fs(device=device, label=check_label(label, 255), uuid=check_uuid(uuid), options=options)
    )


def mkvfat(
    device: BlockDevice,
    *,
    label: str = "",
    uuid: str = "",
    fat: int | None = None,
    cluster: int | None = None,
    options: tuple[str, ...] = (),
) -> Vfat:
    """Format a partition or a volume with FAT.

    `label` is at most 11 characters, in capitals where other systems than Linux are to read it.
    `fat` is 12, 16 or 32; it follows from the size, if not given. `cluster` is in bytes, a power
    of two from 512 to 65536. `uuid` is FAT's own, of 32 bits: `"1234-ABCD"`. `options` are
    further arguments of mkfs.vfat, which override the others.
    """
    check_options(options, "mkfs.vfat", _VFAT_REFUSED)
    if uuid and not re.fullmatch(r"[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}", uuid):
        raise refuse(f"{uuid!r} is no id of a FAT filesystem", 'one is like "1234-ABCD"')
    if fat is not None and fat not in _FATS:
        raise refuse(f"there is no FAT{fat}", "there are 12, 16 and 32")
    if cluster is not None and cluster not in _CLUSTERS:
        raise refuse(
            f"a cluster of {cluster} bytes", "give 512, 1024, 2048 or so, up to 65536 bytes"
        )
    digits = uuid.replace("-", "").upper()
    return record(
        Vfat(
            device=device,
            label=check_label(label, 11),
            uuid=f"{digits[:4]}-{digits[4:]}" if uuid else "",
            fat=fat,
            cluster=cluster,
            options=options,
        )
    )


def mkswap(
    device: BlockDevice, *, label: str = "", uuid: str = "", options: tuple[str, ...] = ()
) -> Swap:
    """Make a partition or a volume swap space. `label` is at most 16 bytes.

    `uuid` is derived from the step, if not given. `options` are further arguments of mkswap.
    """
    check_options(options, "mkswap", _SWAP_REFUSED)
    return record(
        Swap(device=device, label=check_label(label, 16), uuid=check_uuid(uuid), options=options)
    )


def _ext(filesystem: _E) -> _E:
    """Record an ext filesystem, if its arguments are good."""
    if isinstance(filesystem.features, str):
        raise refuse("features as one text", f'write features=("{filesystem.features}",)')
    for feature in filesystem.features:
        if feature != "none":
            one_of("features", feature.removeprefix("^"), EXT_FEATURES)
    if not isinstance(filesystem.options, str):  # `-F` is given anyway, and may begin a word
        words = (_FORCE.sub("-", word) for word in filesystem.options)
        filesystem = replace(filesystem, options=tuple(word for word in words if word != "-"))
    check_options(filesystem.options, "mke2fs", _EXT_REFUSED)
    if any("offset=" in word for word in filesystem.options):
        raise refuse("offset= among the options", "the partition says where the filesystem is")
    _check_sizes(filesystem)
    ratio, count = filesystem.bytes_per_inode, filesystem.inodes
    if ratio is not None and count is not None:
        raise refuse("both bytes_per_inode= and inodes=", "give one of the two")
    if ratio is not None and not _BYTES_PER_INODE[0] <= ratio <= _BYTES_PER_INODE[1]:
        raise refuse(f"an inode for each {ratio} bytes", "give 1024 to 67108864")
    if count is not None and count < 1:
        raise refuse(f"{count} inodes", "give how many files it is to hold")
    return record(filesystem)


def _check_sizes(filesystem: Ext) -> None:
    reserved, block, inode = filesystem.reserved, filesystem.block_size, filesystem.inode_size
    if reserved is not None and not 0 <= reserved <= _MOST_RESERVED:
        raise refuse(f"{reserved} percent of the blocks reserved", "give 0 to 50")
    if block is not None and block not in _BLOCK_SIZES:
        raise refuse(f"blocks of {block} bytes", "give 1024, 2048 or 4096")
    most = block or _BLOCK_SIZES[-1]
    if inode is not None and (not _LEAST_INODE <= inode <= most or inode & (inode - 1)):
        raise refuse(f"inodes of {inode} bytes", f"give a power of two from 128 to {most}")


def check_label(label: str, most: int) -> str:
    """Refuse a label that has no room, or can't be read."""
    if len(label.encode()) > most:
        raise refuse(f"the label {label!r} is too long", f"it has room for {most} bytes")
    if not label.isprintable():
        raise refuse(f"the label {label!r} has characters that cannot be printed")
    return label


def check_uuid(uuid: str) -> str:
    """A UUID as it is usually written; refused where it is none."""
    try:
        return str(uuids.UUID(uuid)) if uuid else ""
    except ValueError:
        raise refuse(
            f"{uuid!r} is no UUID", 'one is like "ed09e570-a448-5eae-8a35-3b7317a07202"'
        ) from None


def check_options(options: tuple[str, ...], tool: str, refused: Refused) -> None:
    """Refuse options that would make something other than what the plan says."""
    if isinstance(options, str):
        words = ", ".join(f'"{word}"' for word in options.split())
        raise refuse("options as one text", f"write options=({words},)")
    for word in options:
        if not word.isprintable() or not word:
            raise refuse(f"{word!r} among the options of {tool}")
        for option, instead in refused.items():
            short = not option.startswith("--")
            if word == option or word.startswith(option if short else f"{option}="):
                raise refuse(
                    f"{tool} may not be given {option} here",
                    instead or "vmdsl decides that itself",
                )
