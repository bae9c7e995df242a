"""ext2, ext3 and ext4."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import ClassVar, TypedDict, TypeVar, Unpack

from vmdsl.errors import Hint, code
from vmdsl.language.arguments import with_settings
from vmdsl.language.handles import BlockDevice, Mountable
from vmdsl.language.operation import one_of, operation, refuse
from vmdsl.language.traits import SizeLimits, ToolOptions, Traits
from vmdsl.operations.disk.mkfs import CONTENT, check_block, check_uuid, record_filesystem

#: The features that mke2fs knows by name, but for those of a journal's own device.
EXT_FEATURES = (
    *("64bit", "bigalloc", "casefold", "dir_index", "dir_nlink", "ea_inode", "encrypt", "ext_attr"),
    *("extent", "extents", "extra_isize", "fast_commit", "filetype", "flex_bg", "has_journal"),
    *("huge_file", "inline_data", "large_dir", "large_file", "meta_bg", "metadata_csum"),
    *("metadata_csum_seed", "mmp", "orphan_file", "project", "quota", "resize_inode"),
    *("sparse_super", "sparse_super2", "stable_inodes", "uninit_bg", "verity"),
)
#: The words of its option -E, up to version 1.47.2.
_EXTENDED = (
    *(
        "assume_storage_prezeroed",
        "desc_size",
        "discard",
        "encoding",
        "encoding_flags",
        "hash_seed",
    ),
    *("lazy_itable_init", "lazy_journal_init", "mmp_update_interval", "no_copy_xattrs"),
    *("nodiscard", "num_backup_sb", "offset", "orphan_file_size", "packed_meta_blocks"),
    *("quotatype", "resize", "revision", "root_owner", "root_perms", "root_selinux", "stride"),
    *("stripe-width", "stripe_width", "test_fs"),
)
_FORCE = re.compile("^-F+")
_BLOCK_SIZES = (1024, 2048, 4096)
_LEAST_INODE = 128
_MOST_RESERVED = 50
_BYTES_PER_INODE = (1024, 64 * 2**20)
#: What mke2fs takes if nothing is given, in bytes.
_USUAL_INODE = 256
#: A journal takes a filesystem of so many blocks.
_JOURNAL_BLOCKS = 2048


@operation
class Ext(Mountable):
    """An ext2, ext3 or ext4 filesystem. mke2fs chooses values for fields that are None."""

    features: tuple[str, ...] = ()
    reserved: float | None = None
    block_size: int | None = None
    inode_size: int | None = None
    bytes_per_inode: int | None = None
    inodes: int | None = None
    _tools: ClassVar = dict.fromkeys(("mke2fs", "debugfs", "dumpe2fs"), "e2fsprogs")
    _traits = Traits(
        longest_label=16,
        tool_options=ToolOptions(
            short="b:cd:e:g:i:jl:m:no:qr:s:t:vC:DE:FG:I:J:KL:M:N:O:R:ST:U:Vz:",
            words={"-E": _EXTENDED, "-O": ("none", *EXT_FEATURES)},
            values={
                "-I": "128|256|512|1024|2048|4096",
                "-N": r"[1-9]\d*",
                "-b": r"-?\d+k?",
                "-e": "continue|remount-ro|panic",
                "-i": r"\d{4,8}",
                "-m": r"([0-4]?\d|50)(\.\d+)?",
            },
        ),
        refused={
            "-t": Hint("call ", code("mkext2"), ", ", code("mkext3"), " or ", code("mkext4")),
            "-d": CONTENT,
            **dict.fromkeys(("-S", "-c", "-l", "-n"), ""),
        },
        block_option="-b",
        no_room=("Could not allocate block", "Could not allocate inode", "Ext2 file too big"),
        grub_module="ext2",
        is_read_by_u_boot=True,
        can_grow=True,
        root_options="errors=remount-ro",
    )

    def _size_limits(self, size: int) -> SizeLimits:
        """Return its limits: of 32 bits for the number of a block, of a journal, and of inodes.

        Further options may change any of these.
        """
        if self.options:
            return super()._size_limits(size)
        block, inode = self.block_size or _BLOCK_SIZES[-1], self.inode_size or _USUAL_INODE
        wide = isinstance(self, Ext4) and not {"^64bit", "none"}.intersection(self.features)
        journal = isinstance(self, Ext3) and not {"^has_journal", "none"}.intersection(
            self.features
        )
        inodes = (self.inodes or 0) * inode
        return SizeLimits(
            name=f"{self.kind} with {self.inodes} inodes" if inodes > size else self.kind,
            least=max(inodes, _JOURNAL_BLOCKS * block if journal else 0),
            most=0 if wide else (2**32 - 1) * block,
            otherwise=", or make fewer inodes" if inodes > size else "",
        )

    def _arguments(self) -> tuple[str, ...]:
        numbers = {
            "-m": self.reserved,
            "-b": self.block_size,
            "-I": self.inode_size,
            "-i": self.bytes_per_inode,
            "-N": self.inodes,
        }
        return (
            *(("-O", ",".join(self.features)) if self.features else ()),
            *(word for flag, n in numbers.items() if n is not None for word in (flag, str(n))),
        )


@operation
class Ext2(Ext):
    """An ext2 filesystem."""

    kind = "ext2"


@operation
class Ext3(Ext):
    """An ext3 filesystem."""

    kind = "ext3"


@operation
class Ext4(Ext):
    """An ext4 filesystem."""

    kind = "ext4"


class ExtSettings(TypedDict, total=False):
    """The arguments of mkext2(), mkext3() and mkext4(), which are fields of Ext."""

    label: str
    uuid: str
    features: tuple[str, ...]
    reserved: float | None
    block_size: int | None
    inode_size: int | None
    bytes_per_inode: int | None
    inodes: int | None
    options: tuple[str, ...]


_E = TypeVar("_E", bound=Ext)


@with_settings(ExtSettings, Ext)
def mkext2(device: BlockDevice, **settings: Unpack[ExtSettings]) -> Ext2:
    """Format a partition or a volume with ext2. `label` is at most 16 bytes.

    `features` are mke2fs's, added to the default ones, or taken away: `"^resize_inode"`.
    `reserved` is the share of blocks kept for root, in percent (5 if not given). `block_size`
    (4096) and `inode_size` (256) are in bytes. There is an inode for each `bytes_per_inode`
    (16384) of the filesystem, or there are as many as `inodes`. `uuid` is derived from the
    step, if not given. `options` are further arguments of mke2fs, which override the others.
    """
    return _ext(Ext2(device=device, **settings))


@with_settings(ExtSettings, Ext)
def mkext3(device: BlockDevice, **settings: Unpack[ExtSettings]) -> Ext3:
    """Format a partition or a volume with ext3: ext2 with a journal. Its arguments are mkext2's.

    `label` is at most 16 bytes. `reserved` is in percent; `block_size`, `inode_size` and
    `bytes_per_inode` are in bytes.
    """
    return _ext(Ext3(device=device, **settings))


@with_settings(ExtSettings, Ext)
def mkext4(device: BlockDevice, **settings: Unpack[ExtSettings]) -> Ext4:
    """Format a partition or a volume with ext4. The arguments are those of mkext2.

    `label` is at most 16 bytes. `reserved` is in percent; `block_size`, `inode_size` and
    `bytes_per_inode` are in bytes.
    """
    return _ext(Ext4(device=device, **settings))


def _ext(filesystem: _E) -> _E:
    """Record an ext filesystem, if its arguments are good."""
    filesystem = replace(filesystem, uuid=check_uuid(filesystem.uuid))
    if isinstance(filesystem.features, str):
        raise refuse(
            "features as one text",
            f'write features=("{filesystem.features}",)',
            code="text-for-list",
        )
    for feature in filesystem.features:
        if feature != "none":
            one_of("features", feature.removeprefix("^"), EXT_FEATURES)
    if not isinstance(filesystem.options, str):  # `-F` is given anyway, and may begin a word
        words = (_FORCE.sub("-", word) for word in filesystem.options)
        filesystem = replace(filesystem, options=tuple(word for word in words if word != "-"))
    if any("offset=" in word for word in filesystem.options):
        raise refuse(
            "offset= among the options",
            "the partition says where the filesystem is",
            about="options",
            code="tool-option",
        )
    _check_sizes(filesystem)
    ratio, count = filesystem.bytes_per_inode, filesystem.inodes
    if ratio is not None and count is not None:
        raise refuse(
            "both bytes_per_inode= and inodes=", "give one of the two", code="filesystem-setting"
        )
    if ratio is not None and not _BYTES_PER_INODE[0] <= ratio <= _BYTES_PER_INODE[1]:
        raise refuse(
            f"an inode for each {ratio} bytes", "give 1024 to 67108864", code="filesystem-setting"
        )
    inode = filesystem.inode_size or _USUAL_INODE
    if ratio is not None and ratio <= inode and not filesystem.options:
        what = f"an inode of {inode} bytes for each {ratio} bytes leaves no room for files"
        raise refuse(
            what, "give fewer or smaller ones", about="bytes_per_inode", code="filesystem-setting"
        )
    if count is not None and count < 1:
        raise refuse(
            f"{count} inodes", "give how many files it is to hold", code="filesystem-setting"
        )
    return record_filesystem(filesystem)


def _check_sizes(filesystem: Ext) -> None:
    reserved, block, inode = filesystem.reserved, filesystem.block_size, filesystem.inode_size
    if reserved is not None and not 0 <= reserved <= _MOST_RESERVED:
        raise refuse(
            f"{reserved} percent of the blocks reserved", "give 0 to 50", code="filesystem-setting"
        )
    if block is not None and block not in _BLOCK_SIZES:
        raise refuse(
            f"blocks of {block} bytes", "give 1024, 2048 or 4096", code="filesystem-setting"
        )
    if block is not None:
        check_block(filesystem, block, about="block_size")
    most = block or _BLOCK_SIZES[-1]
    if inode is not None and (not _LEAST_INODE <= inode <= most or inode & (inode - 1)):
        raise refuse(
            f"inodes of {inode} bytes",
            f"give a power of two from 128 to {most}",
            code="filesystem-setting",
        )
