"""XFS on disk: the superblock, the allocation groups, and their free space.

mkfs.xfs makes an empty filesystem, and this gives out its space. Each allocation group has its
free extents in two trees (by place, by size) and its inodes in one or two; `close` writes them
anew. Numbers are big-endian, but checksums are little-endian.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from vmdsl.builder.filesystems.crc32c import crc32c

NULL = 0xFFFFFFFF
NULL_LONG = 0xFFFFFFFFFFFFFFFF
INODES = 64  # in a chunk, the unit in which they are made
_SHORT_HEADER = 56
MOST_IN_EXTENT = 2**21 - 1
#: Of each group so much stays free, as the kernel wants some room in each for its own trees.
_KEPT = 50
_KNOWN_RO_COMPAT = 0b1101  # finobt, reflink, inobtcount; not rmapbt
_KNOWN_INCOMPAT = 0b1011  # ftype, sparse inodes, bigtime
_FINOBT, _INOBTCOUNT = 1, 8
_SPARSE, _BIGTIME = 2, 8
_ATTRIBUTES = 0x10


class NoRoomError(Exception):
    """The filesystem is full."""


@dataclass(frozen=True, kw_only=True)
class Superblock:
    """The fields of the superblock that never change."""

    block: int
    blocks: int
    group_blocks: int
    groups: int
    sector: int
    inode: int
    inode_alignment: int
    group_log: int
    in_block_log: int
    root: int
    uuid: bytes
    ro_compat: int
    incompat: int

    @property
    def bigtime(self) -> bool:
        return bool(self.incompat & _BIGTIME)

    @property
    def chunk_blocks(self) -> int:
        """The blocks that a chunk of inodes takes."""
        return INODES * self.inode // self.block


@dataclass(kw_only=True, eq=False)
class Group:
    """An allocation group: its headers as they were, its free extents and chunks of inodes.

    A chunk is known by its first inode's number in the group; its value has a bit for each inode
    that is free.
    """

    number: int
    space: bytearray
    inodes: bytearray
    free: list[tuple[int, int]]
    chunks: dict[int, int] = field(default_factory=dict)
    kept: int = 0


class Disk:
    """An empty filesystem that is being filled, at an offset of an open file."""

    def __init__(self, file: int, offset: int) -> None:
        self._file, self._offset = file, offset
        self.sb = _superblock(self._pread(0, 512))
        self.groups = [self._group(number) for number in range(self.sb.groups)]
        self._taken = 0
        self.has_attributes = False

    def _pread(self, position: int, size: int) -> bytes:
        return os.pread(self._file, size, self._offset + position)

    def _pwrite(self, position: int, data: bytes) -> None:
        os.pwrite(self._file, data, self._offset + position)

    def place(self, fsblock: int) -> int:
        """Return the offset of a block in the filesystem, in bytes."""
        sb = self.sb
        group, block = fsblock >> sb.group_log, fsblock & (1 << sb.group_log) - 1
        return (group * sb.group_blocks + block) * sb.block

    def address(self, fsblock: int) -> int:
        """Return the offset of a block in sectors of 512 bytes, as its own header has it."""
        return self.place(fsblock) // 512

    def write(self, fsblock: int, data: bytes, *, at: int = 0) -> None:
        """Write to a block, `at` so many bytes from its start."""
        self._pwrite(self.place(fsblock) + at, data)

    def read(self, fsblock: int, size: int, *, at: int = 0) -> bytes:
        return self._pread(self.place(fsblock) + at, size)

    def seal(self, fsblock: int, data: bytearray, crc_at: int) -> None:
        """Write a block with its checksum."""
        self.write(fsblock, sealed(data, crc_at))

    def _group(self, number: int) -> Group:
        sb = self.sb
        start = number * sb.group_blocks * sb.block
        space = bytearray(self._pread(start + sb.sector, sb.sector))
        inodes = bytearray(self._pread(start + 2 * sb.sector, sb.sector))
        (root,) = struct.unpack_from(">I", space, 16)
        free = list(struct.iter_unpack(">II", self._leaf(number, root, 8)))
        group = Group(number=number, space=space, inodes=inodes, free=free)
        (root,) = struct.unpack_from(">I", inodes, 20)
        for first, _, bits in struct.iter_unpack(">IIQ", self._leaf(number, root, 16)):
            group.chunks[first] = bits
        group.kept = struct.unpack_from(">I", space, 12)[0] // _KEPT
        return group

    def _leaf(self, group: int, block: int, size: int) -> bytes:
        """Return the records of a tree that is a single block."""
        data = self.read(group << self.sb.group_log | block, self.sb.block)
        level, count = struct.unpack_from(">HH", data, 4)
        if level:
            message = "mkfs.xfs made a tree of more than one block"
            raise ValueError(message)
        return data[_SHORT_HEADER : _SHORT_HEADER + count * size]

    @property
    def free_blocks(self) -> int:
        """The blocks that content can still have."""
        return sum(max(_free(group) - group.kept, 0) for group in self.groups)

    def _take(self, group: Group, index: int, start: int, count: int) -> int:
        first, length = group.free[index]
        pieces = [(first, start - first), (start + count, first + length - start - count)]
        group.free[index : index + 1] = [piece for piece in pieces if piece[1]]
        self._taken += count
        return group.number << self.sb.group_log | start

    def allocate(self, blocks: int) -> list[tuple[int, int]]:
        """Take blocks, in as few extents as possible. Returns the start and the length of each."""
        found = []
        for group in self.groups:
            while blocks and group.free and (spare := _free(group) - group.kept) > 0:
                wanted = min(blocks, spare, MOST_IN_EXTENT)
                index = _best(group.free, wanted)
                start, length = group.free[index]
                count = min(length, wanted)
                found.append((self._take(group, index, start, count), count))
                blocks -= count
            if not blocks:
                return found
        raise NoRoomError

    def inode_numbers(self, count: int) -> Iterator[int]:
        """Take inodes: those free in the chunks that there are, then those of new chunks."""
        sb = self.sb
        for group in self.groups:
            for first, bits in list(group.chunks.items()):
                for index in range(INODES):
                    if count and bits >> index & 1:
                        group.chunks[first] &= ~(1 << index)
                        yield self._inode(group, first + index)
                        count -= 1
        for group in self.groups:
            while count and (start := self._room_for_chunk(group)) is not None:
                index, block = start
                self._take(group, index, block, sb.chunk_blocks)
                first = block << sb.in_block_log
                used = min(count, INODES)
                group.chunks[first] = (1 << INODES) - (1 << used)
                yield from (self._inode(group, first + i) for i in range(used))
                count -= used
        if count:
            raise NoRoomError

    def _inode(self, group: Group, number: int) -> int:
        return group.number << self.sb.group_log + self.sb.in_block_log | number

    def _room_for_chunk(self, group: Group) -> tuple[int, int] | None:
        """Return the free extent, and the block in it, for a chunk; half a group may be inodes."""
        sb = self.sb
        if (len(group.chunks) + 1) * sb.chunk_blocks > sb.group_blocks // 2:
            return None
        if _free(group) - group.kept < sb.chunk_blocks:
            return None
        for index, (start, length) in enumerate(group.free):
            aligned = -(-start // sb.inode_alignment) * sb.inode_alignment
            if aligned + sb.chunk_blocks <= start + length:
                return index, aligned
        return None

    def inode_place(self, number: int) -> tuple[int, int]:
        """Return the block that holds an inode, and the offset in it in bytes."""
        low = self.sb.in_block_log
        return number >> low, (number & (1 << low) - 1) * self.sb.inode

    def free_inodes(self) -> Iterator[int]:
        """Yield the inodes of chunks that nothing uses."""
        for group in self.groups:
            for first, bits in group.chunks.items():
                for index in range(INODES):
                    if bits >> index & 1:
                        yield self._inode(group, first + index)

    def close(self) -> None:
        """Write the headers, trees and counters of the free space."""
        for group in self.groups:
            self._write_inode_trees(group)
        for group in self.groups:
            self._write_space(group)
        self._write_superblocks()

    def _write_inode_trees(self, group: Group) -> None:
        sb, header = self.sb, group.inodes
        chunks = sorted(group.chunks.items())
        spared = [(first, bits) for first, bits in chunks if bits]
        count = INODES * len(chunks)
        unused = sum(bits.bit_count() for _, bits in spared)
        struct.pack_into(">I", header, 16, count)
        struct.pack_into(">I", header, 28, unused)
        trees = [(b"IAB3", 20, 24, 336, chunks)]
        if sb.ro_compat & _FINOBT:
            trees.append((b"FIB3", 328, 332, 340, spared))
        for magic, root_at, level_at, blocks_at, wanted in trees:
            records = [self._inode_record(first, bits) for first, bits in wanted]
            (old,) = struct.unpack_from(">I", header, root_at)
            root, level, blocks = self._short_tree(group, magic, old, records, key=4)
            struct.pack_into(">I", header, root_at, root)
            struct.pack_into(">I", header, level_at, level)
            if sb.ro_compat & _INOBTCOUNT:
                struct.pack_into(">I", header, blocks_at, blocks)
        start = group.number * sb.group_blocks * sb.block
        self._pwrite(start + 2 * sb.sector, sealed(header, 312))

    def _inode_record(self, first: int, bits: int) -> bytes:
        if self.sb.incompat & _SPARSE:
            return struct.pack(">IHBBQ", first, 0, INODES, bits.bit_count(), bits)
        return struct.pack(">IIQ", first, bits.bit_count(), bits)

    def _short_tree(
        self, group: Group, magic: bytes, root: int, records: list[bytes], key: int
    ) -> tuple[int, int, int]:
        """Write a group's tree, whose first leaf is `root`. Returns its root, levels and blocks.

        `key` is how many bytes of a record are its key.
        """
        sb = self.sb
        size = len(records[0]) if records else 1
        room = sb.block - _SHORT_HEADER
        rows = records
        level = blocks = 0
        while True:
            each = room // size if level == 0 else room // (key + 4)
            pages = [rows[i : i + each] for i in range(0, len(rows), each)] or [[]]
            numbers = [root] if level == 0 else []
            while len(numbers) < len(pages):
                ((block, _),) = self._one_extent(group, 1)
                numbers.append(block)
            for i, page in enumerate(pages):
                left = numbers[i - 1] if i else NULL
                right = numbers[i + 1] if i + 1 < len(pages) else NULL
                data = bytearray(sb.block)
                struct.pack_into(">4sHHII", data, 0, magic, level, len(page), left, right)
                fsblock = group.number << sb.group_log | numbers[i]
                struct.pack_into(">Q", data, 16, self.address(fsblock))
                data[32:48] = sb.uuid
                struct.pack_into(">I", data, 48, group.number)
                if level == 0:
                    body = b"".join(page)
                else:
                    keys = b"".join(row[:key] for row in page).ljust(each * key, b"\0")
                    body = keys + b"".join(row[key:] for row in page)
                data[_SHORT_HEADER : _SHORT_HEADER + len(body)] = body
                self.seal(fsblock, data, 52)
            blocks += len(pages)
            level += 1
            if len(pages) == 1:
                return numbers[0], level, blocks
            rows = [
                page[0][:key] + struct.pack(">I", number)
                for page, number in zip(pages, numbers, strict=True)
            ]

    def _one_extent(self, group: Group, blocks: int) -> list[tuple[int, int]]:
        """Take blocks for a group's own trees, even those that are kept free, and return them."""
        for index, (start, length) in enumerate(group.free):
            if length >= blocks:
                self._take(group, index, start, blocks)
                return [(start, blocks)]
        raise NoRoomError

    def _write_space(self, group: Group) -> None:
        sb, header = self.sb, group.space
        roots = struct.unpack_from(">II", header, 16)
        free = sorted(group.free)
        by_size = sorted(free, key=lambda extent: (extent[1], extent[0]))
        for magic, root, extents in ((b"AB3B", roots[0], free), (b"AB3C", roots[1], by_size)):
            records = [struct.pack(">II", *extent) for extent in extents]
            if len(records) > (sb.block - _SHORT_HEADER) // 8:
                raise NoRoomError
            self._short_tree(group, magic, root, records, key=8)
        struct.pack_into(">II", header, 52, _free(group), max((n for _, n in free), default=0))
        start = group.number * sb.group_blocks * sb.block
        self._pwrite(start + sb.sector, sealed(header, 216))

    def _write_superblocks(self) -> None:
        sb = self.sb
        for group in self.groups:
            start = group.number * sb.group_blocks * sb.block
            data = bytearray(self._pread(start, sb.sector))
            if self.has_attributes:
                (version,) = struct.unpack_from(">H", data, 100)
                struct.pack_into(">H", data, 100, version | _ATTRIBUTES)
            if group.number == 0:
                chunks = [bits for g in self.groups for bits in g.chunks.values()]
                unused = sum(bits.bit_count() for bits in chunks)
                (free,) = struct.unpack_from(">Q", data, 144)
                counts = (len(chunks) * INODES, unused, free - self._taken)
                struct.pack_into(">QQQ", data, 128, *counts)
            self._pwrite(start, sealed(data, 224))


def sealed(data: bytearray, crc_at: int) -> bytes:
    """Return bytes with their checksum in its place."""
    data[crc_at : crc_at + 4] = bytes(4)
    struct.pack_into("<I", data, crc_at, crc32c(data))
    return bytes(data)


def _best(free: list[tuple[int, int]], blocks: int) -> int:
    """Return the first extent of at least so many blocks, or the largest."""
    lengths = [length for _, length in free]
    enough = (i for i, length in enumerate(lengths) if length >= blocks)
    return next(enough, lengths.index(max(lengths)))


def _free(group: Group) -> int:
    return sum(length for _, length in group.free)


def _superblock(data: bytes) -> Superblock:
    """Read a superblock. Raises ValueError if it has features that this module doesn't know."""
    magic, block, blocks = struct.unpack_from(">4sIQ", data, 0)
    (version,) = struct.unpack_from(">H", data, 100)
    ro_compat, incompat = struct.unpack_from(">II", data, 212)
    unknown = ro_compat & ~_KNOWN_RO_COMPAT or incompat & ~_KNOWN_INCOMPAT
    if magic != b"XFSB" or version & 0xF != 5 or unknown or data[192]:  # noqa: PLR2004 (version 5)
        message = (
            f"mkfs.xfs made a filesystem with features that vmdsl cannot fill "
            f"(version {version & 0xF}, {ro_compat:#x}, {incompat:#x}, {data[192]})"
        )
        raise ValueError(message)
    group_blocks, groups = struct.unpack_from(">II", data, 84)
    sector, inode = struct.unpack_from(">HH", data, 102)
    (alignment,) = struct.unpack_from(">I", data, 180)
    return Superblock(
        block=block,
        blocks=blocks,
        group_blocks=group_blocks,
        groups=groups,
        sector=sector,
        inode=inode,
        inode_alignment=max(alignment, 1),
        group_log=data[124],
        in_block_log=data[123],
        root=struct.unpack_from(">Q", data, 56)[0],
        uuid=data[32:48],
        ro_compat=ro_compat,
        incompat=incompat,
    )
