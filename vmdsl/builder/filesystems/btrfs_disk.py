"""Btrfs on disk: its superblock, where chunks are, and trees of blocks.

A place in its trees is a logical one, which chunks translate to one or two on the disk. Numbers
are little-endian, and each block has a checksum.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from vmdsl.builder.filesystems.crc32c import crc32c

SUPERS = (0x10000, 0x4000000, 0x4000000000)
SUPER_SIZE, STRIPE = 4096, 2**16
_SYSTEM_CHUNKS = 811
_HEADER, _ITEM, _POINTER = 101, 25, 33
_SYSTEM_SIZE = 4 * 2**20
CHUNK_ITEM = 228
#: Of chunks.
DATA, SYSTEM, METADATA, _RAID0, _DUP = 1, 2, 4, 8, 32
#: Of the filesystem: what the trees look like.
MIXED, NO_HOLES, DEFAULT = 0x4, 0x200, 0x2
LZO, ZSTD = 0x8, 0x10
_KNOWN = 0x1 | DEFAULT | MIXED | LZO | ZSTD | 0x20 | 0x40 | 0x100 | NO_HOLES
_SKINNY = 0x100
FREE_SPACE_TREE, _FREE_SPACE_VALID = 1, 2
_CHECKSUMS: dict[int, Callable[[bytes], bytes]] = {
    0: lambda data: struct.pack("<I", crc32c(data)),
    2: lambda data: hashlib.sha256(data).digest(),
    3: lambda data: hashlib.blake2b(data, digest_size=32).digest(),
}
#: Of an item: the object, its kind and an offset.
Key = tuple[int, int, int]
Item = tuple[Key, bytes]


class NoRoomError(Exception):
    """The content does not fit."""


class Form:
    """The properties of an empty filesystem, as mkfs.btrfs has made it in a file.

    Raises ValueError for one that vmdsl cannot fill.
    """

    def __init__(self, file: int) -> None:
        self.super = bytearray(os.pread(file, SUPER_SIZE, SUPERS[0]))
        self.generation = self._number("<Q", 72)
        self.sector, self.node = self._number("<I", 144), self._number("<I", 148)
        self.compatible, self.features = self._number("<Q", 180), self._number("<Q", 188)
        kind = self._number("<H", 196)
        others = self.compatible & ~(FREE_SPACE_TREE | _FREE_SPACE_VALID)
        others |= self.features & ~_KNOWN
        if kind not in _CHECKSUMS:
            message = "mkfs.btrfs was asked for checksums that vmdsl cannot make"
            raise ValueError(message)
        if others or not self.features & _SKINNY:
            message = "mkfs.btrfs was asked for features that vmdsl cannot write"
            raise ValueError(message)
        self.checksum = _CHECKSUMS[kind]
        #: The kinds of the chunks that it has, by what they hold.
        self.profiles = {flags & 7: flags for flags in self._chunks(file)}

    def _number(self, form: str, at: int) -> int:
        number: int = struct.unpack_from(form, self.super, at)[0]
        return number

    def _chunks(self, file: int) -> Iterator[int]:
        """Yield the flags of each chunk. Their tree is still a single block."""
        logical = self._number("<Q", 88)
        place, end = _SYSTEM_CHUNKS, _SYSTEM_CHUNKS + self._number("<I", 160)
        while place < end:
            first, length = self._number("<Q", place + 9), self._number("<Q", place + 17)
            if first <= logical < first + length:
                at = self._number("<Q", place + 17 + 56) + logical - first
                block = os.pread(file, self.node, at)
                for i in range(struct.unpack_from("<I", block, 96)[0]):
                    _, kind, _, start, _ = struct.unpack_from("<QBQII", block, _HEADER + _ITEM * i)
                    if kind == CHUNK_ITEM:
                        yield struct.unpack_from("<Q", block, _HEADER + start + 24)[0]
                return
            place += 17 + 48 + 32 * self._number("<H", place + 17 + 44)


@dataclass(kw_only=True)
class Chunk:
    """A piece of the logical space, with its places on the disk, and what of it is given out."""

    logical: int
    length: int
    flags: int
    places: list[int]
    #: The end of what is given out, and the parts in it that are in use.
    cursor: int
    parts: list[tuple[int, int]] = field(default_factory=list)

    @property
    def end(self) -> int:
        """The first logical byte behind it."""
        return self.logical + self.length

    @property
    def used(self) -> int:
        """The number of bytes in use."""
        return sum(end - start for start, end in self.parts)

    def reset(self) -> None:
        """Take back all that was given out."""
        self.cursor = self.logical
        self.parts.clear()

    def free(self) -> Iterator[tuple[int, int]]:
        """Yield the start and the size of each part that is not in use."""
        place = self.logical
        for start, end in [*self.parts, (self.end, self.end)]:
            if start > place:
                yield place, start - place
            place = end

    def take(self, most: int, unit: int) -> tuple[int, int] | None:
        """Return the place and the size of a piece of whole units, or None if there is no more.

        Superblocks are left alone.
        """
        while self.cursor + unit <= self.end:
            start, size = self.cursor, min(most, self.end - self.cursor)
            for place in self.places:
                for stop in SUPERS:
                    ahead = stop - (place + start - self.logical)
                    if ahead < unit and ahead > -STRIPE:
                        self.cursor, size = start + ahead + STRIPE, 0
                    elif ahead >= unit:
                        size = min(size, ahead)
            if size >= unit:
                size = size // unit * unit
                self.cursor = start + size
                if self.parts and self.parts[-1][1] == start:
                    self.parts[-1] = (self.parts[-1][0], self.cursor)
                else:
                    self.parts.append((start, self.cursor))
                return start, size
        return None


class Space:
    """The space of the disk, given out in chunks one behind the other.

    The first holds the tree of chunks.
    """

    def __init__(self, size: int, form: Form) -> None:
        self.size, self.form = size // form.sector * form.sector, form
        self.chunks: list[Chunk] = []
        self._place = self._logical = 2**20
        self.add(SYSTEM, _SYSTEM_SIZE)

    @property
    def unallocated(self) -> int:
        """The number of bytes that are in no chunk."""
        return self.size - self._place

    @property
    def allocated(self) -> int:
        """The number of bytes of the disk that are in chunks."""
        return sum(chunk.length * len(chunk.places) for chunk in self.chunks)

    def profile(self, kind: int) -> int:
        """Return the flags of chunks of a kind; what is mixed holds either."""
        flags = self.form.profiles
        return flags[kind] if kind in flags else flags[DATA | METADATA]

    def copies(self, kind: int) -> int:
        """Return how often the disk holds each byte of chunks of a kind."""
        return 2 if self.profile(kind) & _DUP else 1

    def add(self, kind: int, length: int) -> Chunk:
        """Add a chunk. Raises NoRoomError."""
        copies = self.copies(kind)
        if length * copies > self.unallocated or length <= 0:
            raise NoRoomError
        places = [self._place + i * length for i in range(copies)]
        chunk = Chunk(
            logical=self._logical,
            length=length,
            flags=self.profile(kind),
            places=places,
            cursor=self._logical,
        )
        self.chunks.append(chunk)
        self._place += length * copies
        self._logical += length
        return chunk

    def drop(self, chunk: Chunk) -> None:
        """Take back the last chunk."""
        self.chunks.remove(chunk)
        self._place -= chunk.length * len(chunk.places)
        self._logical -= chunk.length

    def trim(self, chunk: Chunk, length: int) -> None:
        """Give back the end of the last chunk, of which the disk holds one copy."""
        if chunk is self.chunks[-1] and len(chunk.places) == 1 and length < chunk.length:
            self._place -= chunk.length - length
            self._logical -= chunk.length - length
            chunk.length = length

    def chunk_of(self, logical: int) -> Chunk:
        """Return the chunk that holds a place."""
        return next(c for c in self.chunks if c.logical <= logical < c.end)


@dataclass(kw_only=True)
class Block:
    """A block of a tree: items of a leaf, or else the blocks below."""

    level: int
    items: Sequence[Item] = ()
    below: Sequence[Block] = ()
    place: int = 0

    @property
    def key(self) -> Key:
        """The first key in it."""
        if self.level:
            return self.below[0].key
        return self.items[0][0] if self.items else (0, 0, 0)


class Tree:
    """A tree, of which each leaf is as full as can be."""

    def __init__(self, number: int, items: Iterable[Item], node: int) -> None:
        self.number = number
        room = node - _HEADER
        leaves, leaf, used = [], list[Item](), 0
        for item in items:
            size = _ITEM + len(item[1])
            if used + size > room:
                leaves.append(Block(level=0, items=leaf))
                leaf, used = [], 0
            leaf.append(item)
            used += size
        level = [*leaves, Block(level=0, items=leaf)]
        self.blocks = level
        most = room // _POINTER
        while len(level) > 1:
            level = [
                Block(level=level[0].level + 1, below=level[i : i + most])
                for i in range(0, len(level), most)
            ]
            self.blocks = [*self.blocks, *level]

    @property
    def root(self) -> Block:
        """The block at its top."""
        return self.blocks[-1]


class Disk:
    """A filesystem in an open file, from an offset on."""

    def __init__(self, file: int, offset: int, space: Space, ids: Sequence[bytes]) -> None:
        self._file, self._offset = file, offset
        self.space, self.form = space, space.form
        self.device, self.chunk_tree = ids
        self.filesystem = bytes(self.form.super[32:48])

    def write(self, logical: int, data: bytes) -> None:
        """Write some bytes to all places of a logical one."""
        chunk = self.space.chunk_of(logical)
        for place in chunk.places:
            self._write_at(place + logical - chunk.logical, data)

    def _write_at(self, place: int, data: bytes) -> None:
        rest, at = memoryview(data), self._offset + place
        while rest:
            written = os.pwrite(self._file, rest, at)
            rest, at = rest[written:], at + written

    def _sealed(self, data: bytearray) -> bytes:
        data[:32] = self.form.checksum(bytes(data[32:])).ljust(32, b"\0")
        return bytes(data)

    def write_tree(self, tree: Tree) -> None:
        """Write all blocks of a tree to their places."""
        generation = self.form.generation
        for block in tree.blocks:
            data = bytearray(self.form.node)
            number = len(block.below) if block.level else len(block.items)
            data[32:48] = self.filesystem
            struct.pack_into("<QQ", data, 48, block.place, 1 | 1 << 56)
            data[64:80] = self.chunk_tree
            struct.pack_into("<QQIB", data, 80, generation, tree.number, number, block.level)
            end = self.form.node - _HEADER
            for at, (key, content) in zip(count(_HEADER, _ITEM), block.items, strict=False):
                end -= len(content)
                struct.pack_into("<QBQII", data, at, *key, end, len(content))
                data[_HEADER + end : _HEADER + end + len(content)] = content
            for at, below in zip(count(_HEADER, _POINTER), block.below, strict=False):
                where = (*below.key, below.place, generation)
                struct.pack_into("<QBQQQ", data, at, *where)
            self.write(block.place, self._sealed(data))

    def device_item(self) -> bytes:
        """Return what describes the device, in the superblock and in the tree of chunks."""
        data = bytearray(self.form.super[201 : 201 + 98])
        struct.pack_into("<QQ", data, 8, self.space.size, self.space.allocated)
        data[66:82] = self.device
        return bytes(data)

    def chunk_item(self, chunk: Chunk) -> bytes:
        """Return what describes a chunk."""
        head = (chunk.length, 2, STRIPE, chunk.flags, STRIPE, STRIPE, self.form.sector)
        stripes = b"".join(struct.pack("<QQ", 1, place) + self.device for place in chunk.places)
        return struct.pack("<QQQQIIIHH", *head, len(chunk.places), 1) + stripes

    def write_supers(self, root: Block, chunks: Block, *, default: bool, features: int) -> None:
        """Write the superblocks, which lead to the two trees that all others are found by."""
        data = bytearray(self.form.super)
        systems = b"".join(
            struct.pack("<QBQ", 256, CHUNK_ITEM, chunk.logical) + self.chunk_item(chunk)
            for chunk in self.space.chunks
            if chunk.flags & SYSTEM
        )
        data[_SYSTEM_CHUNKS:] = bytes(len(data) - _SYSTEM_CHUNKS)
        data[_SYSTEM_CHUNKS : _SYSTEM_CHUNKS + len(systems)] = systems
        used = sum(chunk.used for chunk in self.space.chunks)
        struct.pack_into("<QQQQ", data, 80, root.place, chunks.place, 0, 0)
        struct.pack_into("<QQ", data, 112, self.space.size, used)
        struct.pack_into("<I", data, 160, len(systems))
        struct.pack_into("<Q", data, 164, self.form.generation)
        more = features | (DEFAULT if default else 0)
        struct.pack_into("<Q", data, 188, self.form.features | more)
        data[198:201] = bytes((root.level, chunks.level, 0))
        data[201 : 201 + 98] = self.device_item()
        struct.pack_into("<Q", data, 563, self.form.generation)  # of the tree of UUIDs
        for place in SUPERS:
            if place + SUPER_SIZE <= self.space.size:
                struct.pack_into("<Q", data, 48, place)
                self._write_at(place, self._sealed(data))
