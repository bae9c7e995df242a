"""ext2, ext3 and ext4, read from a filesystem that exists. Numbers are little-endian."""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from vmdsl.existing.ext_attributes import Stored, public, stored
from vmdsl.existing.files import Node, Piece
from vmdsl.existing.source import Source, UnreadableImageError

_SUPERBLOCK, _SIZE = 1024, 1024
_TOP = 2
_MOST_LOG = 6  # blocks of 64 KiB
#: Features by their bits. The kernel needs to know the first ones to read the filesystem.
_RECOVER, _JOURNAL_DEVICE, _META_BG, _EXTENTS_FEATURE, _64BIT = 0x4, 0x8, 0x10, 0x40, 0x80
_FLEX_BG, _ENCRYPT, _CASEFOLD = 0x200, 0x10000, 0x20000
#: filetype, recover, meta_bg, extent, 64bit, mmp, flex_bg, ea_inode, metadata_csum_seed,
#: large_dir, inline_data.
_READ = 0x2 | 0x4 | 0x10 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x2000 | 0x4000 | 0x8000
_REFUSED = {_JOURNAL_DEVICE: "journal_dev", _ENCRYPT: "encrypt", _CASEFOLD: "casefold"}
_HAS_JOURNAL = 0x4
_HUGE_FILE, _CHECKSUMS, _OF_EXT4 = 0x8, 0x400, 0x8 | 0x10 | 0x20 | 0x40 | 0x400
_VALID, _ERRORS = 1, 2
_SHORT_DESCRIPTOR, _SHORT_INODE = 32, 128
#: Flags of inodes.
_EXTENTS, _INLINE = 0x80000, 0x10000000
_BLOCKS = slice(40, 100)  # of an inode: where its data are
_EXTENT_MAGIC = 0xF30A
_DEEPEST = 5
_UNWRITTEN = 0x8000
_DIRECT = 12
_FAST_LINK = 60
_LEAST_ENTRY = 8
_PARENT = 4  # bytes of the number of the one above, at the start of a directory in its inode
_EPOCH_BITS, _MORE = 3, 2**32


@dataclass(frozen=True, kw_only=True)
class ExtShape:
    """The settings of an ext filesystem, from its superblock. Sizes are in bytes.

    `reserved` is the share of blocks kept for root, in percent. `features` are those that it has of
    a new ext4's.
    """

    kind: str
    label: str
    uuid: str
    block: int
    inode: int
    size: int
    inodes: int
    reserved: float
    features: frozenset[str]


class ExtFiles:
    """The files of an ext filesystem. Raises UnreadableImageError if it cannot be read."""

    def __init__(self, source: Source) -> None:
        self.source = source
        head = source.read(_SUPERBLOCK, _SIZE)
        number = struct.Struct("<I").unpack_from
        self._compat, self._incompat, self._read_only = struct.unpack_from("<III", head, 92)
        _check(head, self._compat, self._incompat)
        self._block = 1024 << min(number(head, 24)[0], _MOST_LOG + 1)
        self._first_block = number(head, 20)[0]
        self._per_group = number(head, 40)[0]
        revision = number(head, 76)[0]
        self._inode = struct.unpack_from("<H", head, 88)[0] if revision else _SHORT_INODE
        is_wide = bool(self._incompat & _64BIT)
        given = struct.unpack_from("<H", head, 254)[0]
        self._descriptor = max(given, _SHORT_DESCRIPTOR) if is_wide else _SHORT_DESCRIPTOR
        self._blocks = number(head, 4)[0] + (number(head, 336)[0] << 32 if is_wide else 0)
        self._blocks_per_group = number(head, 32)[0]
        self._first_meta = number(head, 260)[0] if self._incompat & _META_BG else None
        self._tables: dict[int, int] = {}
        self._head = head
        is_sane = self._block <= 1024 << _MOST_LOG and _SHORT_INODE <= self._inode <= self._block
        if not (is_sane and self._per_group and self._blocks_per_group and self._blocks):
            raise _damaged()
        if self._descriptor > self._block or self._blocks * self._block > source.size:
            raise _damaged()

    def __repr__(self) -> str:
        return "the files of ext"

    @property
    def shape(self) -> ExtShape:
        """Its settings."""
        head = self._head
        (reserved,) = struct.unpack_from("<I", head, 8)
        (inodes,) = struct.unpack_from("<I", head, 0)
        has_journal = bool(self._compat & _HAS_JOURNAL)
        known = {
            "has_journal": has_journal,
            "extent": self._incompat & _EXTENTS_FEATURE,
            "flex_bg": self._incompat & _FLEX_BG,
            "64bit": self._incompat & _64BIT,
            "huge_file": self._read_only & _HUGE_FILE,
            "metadata_csum": self._read_only & _CHECKSUMS,
        }
        is_4 = self._incompat & (_EXTENTS_FEATURE | _FLEX_BG | _64BIT)
        is_4 = is_4 or self._read_only & _OF_EXT4
        return ExtShape(
            kind="ext4" if is_4 else "ext3" if has_journal else "ext2",
            label=head[120:136].partition(b"\0")[0].decode("utf-8", "replace"),
            uuid=str(UUID(bytes=head[104:120])),
            block=self._block,
            inode=self._inode,
            size=self._blocks * self._block,
            inodes=inodes,
            reserved=100 * reserved / self._blocks,
            features=frozenset(name for name, is_there in known.items() if is_there),
        )

    @cached_property
    def top(self) -> Node:
        """The top directory."""
        return self._node(_TOP)

    def entries(self, directory: Node) -> Iterator[tuple[bytes, Node]]:
        """Yield what is in a directory, with its names, but for itself and the one above."""
        for content in self._folder_blocks(directory):
            place = 0
            while place + _LEAST_ENTRY <= len(content):
                number, length, size = struct.unpack_from("<IHB", content, place)
                if length < _LEAST_ENTRY or place + length > len(content):
                    if length or self._block < 2**16:
                        raise _damaged()
                    length = len(content) - place  # 65536 does not fit
                name = content[place + 8 : place + 8 + size]
                place += length
                if number and name not in (b"", b".", b".."):
                    if b"/" in name or b"\0" in name:
                        raise _damaged()
                    yield name, self._node(number)

    def _folder_blocks(self, directory: Node) -> Iterator[bytes]:
        for piece in self.pieces(directory):
            content = piece.data
            if piece.data:  # in the inode: the number of the one above comes first
                parts = [piece.data[_PARENT:_FAST_LINK], piece.data[_FAST_LINK:]]
                yield from (part for part in parts if part)
            elif piece.at is not None:
                content = self.source.read(piece.at, piece.size)
                for start in range(0, len(content), self._block):
                    yield content[start : start + self._block]

    def pieces(self, file: Node) -> Iterator[Piece]:
        """Yield the data of a file, in order, without holes."""
        inode = self._read_inode(file.number)
        (flags,) = struct.unpack_from("<I", inode, 32)
        if flags & _INLINE:
            yield Piece(place=0, size=file.size, data=self._inline(inode)[: file.size])
            return
        whole = -(-file.size // self._block)
        found = self._extents(inode[_BLOCKS]) if flags & _EXTENTS else self._mapped(inode, whole)
        for first, count, at in found:
            if first >= whole:
                continue  # room behind the end
            yield Piece(
                place=first * self._block,
                size=min(count, whole - first) * self._block,
                at=None if at is None else self._place(at, count),
            )

    def _place(self, block: int, count: int = 1) -> int:
        """Return where blocks are, in bytes."""
        if not 0 < block <= self._blocks - count:
            raise _damaged()
        return int(block * self._block)

    def _read_block(self, number: int) -> bytes:
        return self.source.read(self._place(number), self._block).ljust(self._block, b"\0")

    def _read_inode(self, number: int) -> bytes:
        group, index = divmod(number - 1, self._per_group)
        table = self._tables.get(group)
        if table is None:
            table = self._tables[group] = self._table(group)
        place = self._place(table) + index * self._inode
        return self.source.read(place, self._inode).ljust(self._inode, b"\0")

    def _table(self, group: int) -> int:
        """Return the first block of the table of inodes of a group."""
        per_block = self._block // self._descriptor
        number, index = divmod(group, per_block)
        if group < 0 or group * self._blocks_per_group >= self._blocks:
            raise _damaged()
        block = self._first_block + 1 + number
        if self._first_meta is not None and number >= self._first_meta:
            first_group = number * per_block
            block = self._first_block + first_group * self._blocks_per_group
            block += _has_copy(first_group)
        place = self._place(block) + index * self._descriptor
        descriptor = self.source.read(place, self._descriptor)
        (low,) = struct.unpack_from("<I", descriptor, 8)
        if self._descriptor > _SHORT_DESCRIPTOR:
            low |= struct.unpack_from("<I", descriptor, 40)[0] << 32
        return int(low)

    def _node(self, number: int) -> Node:
        inode = self._read_inode(number)
        mode, uid, size = struct.unpack_from("<HHI", inode)
        (seconds,) = struct.unpack_from("<i", inode, 16)
        gid, links = struct.unpack_from("<HH", inode, 24)
        (flags,) = struct.unpack_from("<I", inode, 32)
        uid_high, gid_high = struct.unpack_from("<HH", inode, 120)
        if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
            size |= struct.unpack_from("<I", inode, 108)[0] << 32
        if not mode or not links:
            raise _damaged()
        target = b""
        if stat.S_ISLNK(mode):
            target = self._target(number, inode, size, is_inline=bool(flags & _INLINE))
        return Node(
            number=number,
            mode=mode,
            uid=uid_high << 16 | uid,
            gid=gid_high << 16 | gid,
            time=self._time(inode, seconds),
            size=size,
            links=1 if stat.S_ISDIR(mode) else links,
            target=target,
            attributes=public(self._attributes(inode), self._value_in_inode),
        )

    def _time(self, inode: bytes, seconds: int) -> int:
        nanoseconds = 0
        if self._extra(inode) >= 140 - _SHORT_INODE:
            (more,) = struct.unpack_from("<I", inode, 136)
            seconds += (more & _EPOCH_BITS) * _MORE
            nanoseconds = more >> 2
        return int(seconds * 10**9 + nanoseconds)

    def _extra(self, inode: bytes) -> int:
        """Return how many bytes an inode has behind those of the first ext."""
        if len(inode) <= _SHORT_INODE:
            return 0
        extra = int(struct.unpack_from("<H", inode, _SHORT_INODE)[0])
        return extra if extra <= len(inode) - _SHORT_INODE else 0

    def _target(self, number: int, inode: bytes, size: int, *, is_inline: bool) -> bytes:
        if size < _FAST_LINK and not is_inline:
            return bytes(inode[_BLOCKS][:size])
        file = Node(number=number, mode=stat.S_IFREG, size=size)
        target = b"".join(
            piece.data or self.source.read(piece.at or 0, piece.size) for piece in self.pieces(file)
        )[:size]
        if not target or b"\0" in target:
            raise _damaged()
        return target

    def _attributes(self, inode: bytes) -> list[Stored]:
        low, high = struct.unpack_from("<I", inode, 104)[0], struct.unpack_from("<H", inode, 118)[0]
        place = high << 32 | low
        within = inode[_SHORT_INODE + self._extra(inode) :] if len(inode) > _SHORT_INODE else b""
        try:
            return stored(within, self._read_block(place) if place else b"")
        except (struct.error, ValueError):
            raise _damaged() from None

    def _value_in_inode(self, number: int) -> bytes:
        """Return a large attribute, which has an inode of its own."""
        inode = self._read_inode(number)
        (size,) = struct.unpack_from("<I", inode, 4)
        file = Node(number=number, mode=stat.S_IFREG, size=size)
        return b"".join(self.source.read(p.at or 0, p.size) for p in self.pieces(file))[:size]

    def _inline(self, inode: bytes) -> bytes:
        """Return data that are in the inode itself, and in an attribute."""
        more = [a.value for a in self._attributes(inode) if a.is_data]
        return inode[_BLOCKS] + b"".join(more)

    def _extents(self, node: bytes, depth: int = _DEEPEST) -> Iterator[tuple[int, int, int | None]]:
        """Yield the first block in a file, their number and the first on the disk of each extent.

        That is None where they are reserved, and read as zeros.
        """
        magic, count, _, levels = struct.unpack_from("<HHHH", node)
        if magic != _EXTENT_MAGIC or levels > depth or 12 * (count + 1) > len(node):
            raise _damaged()
        for at in range(12, 12 * (count + 1), 12):
            if levels:
                low, high = struct.unpack_from("<IH", node, at + 4)
                yield from self._extents(self._read_block(high << 32 | low), levels - 1)
            else:
                first, length, high, low = struct.unpack_from("<IHHI", node, at)
                is_reserved = length > _UNWRITTEN
                length -= _UNWRITTEN if is_reserved else 0
                yield first, length, None if is_reserved else high << 32 | low

    def _mapped(self, inode: bytes, whole: int) -> Iterator[tuple[int, int, int | None]]:
        """Yield what `_extents` does, for a file whose inode has the numbers of its blocks."""
        numbers = struct.unpack("<15I", inode[_BLOCKS])
        each = self._block // 4
        start, count, at = 0, 0, 0
        position = 0
        for place, level in [*((n, 0) for n in numbers[:_DIRECT]), *zip(numbers[12:], (1, 2, 3))]:  # noqa: B905
            if position >= whole:
                break
            for first, block in self._listed(place, level, position, whole):
                if count and block == at + count and first == start + count:
                    count += 1
                    continue
                if count:
                    yield start, count, at
                start, count, at = first, 1, block
            position += each**level
        if count:
            yield start, count, at

    def _listed(self, block: int, level: int, first: int, whole: int) -> Iterator[tuple[int, int]]:
        """Yield each block below one of a level, with its place in the file; 0 is a hole."""
        if not block or first >= whole:
            return
        if not level:
            yield first, block
            return
        each = self._block // 4
        for index, number in enumerate(struct.unpack(f"<{each}I", self._read_block(block))):
            yield from self._listed(number, level - 1, first + index * each ** (level - 1), whole)


def _check(head: bytes, compat: int, incompat: int) -> None:
    """Raise UnreadableImageError for a filesystem that cannot be read as it is."""
    if unknown := incompat & ~_READ:
        names = [_REFUSED.get(1 << bit, hex(1 << bit)) for bit in range(32) if unknown >> bit & 1]
        raise UnreadableImageError(
            f"ext4 with the feature {', '.join(names)} cannot be read",
            "take an image without it",
        )
    (state,) = struct.unpack_from("<H", head, 58)
    is_unclean = not state & _VALID and not compat & _HAS_JOURNAL
    if incompat & _RECOVER or is_unclean or state & _ERRORS:
        raise UnreadableImageError(
            "it has changes that are not complete, as its system was not shut down, or has errors",
            "start the image once and power it off, or repair it with e2fsck -p",
        )


def _has_copy(group: int) -> bool:
    """Return whether a group starts with a copy of the superblock."""
    if group <= 1:
        return True
    for base in (3, 5, 7):
        power = base
        while power < group:
            power *= base
        if power == group:
            return True
    return False


def _damaged() -> UnreadableImageError:
    return UnreadableImageError("it is damaged", "repair it with e2fsck")
