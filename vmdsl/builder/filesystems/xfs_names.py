"""Directories of XFS, in the form that suits their size.

A small one is in its inode. A larger one is a block of entries with their hashes at its end; one
that is larger still has blocks of entries, then, far behind them, blocks of hashes, and behind
those how much is free in each block of entries. Places in a directory are counted in blocks of it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vmdsl.builder.filesystems.xfs_disk import NULL, Disk

#: The type of a file, from that in its mode, as the entries of directories have it.
_TYPES = {0o10: 1, 0o04: 2, 0o02: 3, 0o06: 4, 0o01: 5, 0o14: 6, 0o12: 7}
_HEADER = 64  # of all kinds of block in a directory
_MOST_SHORT = 255  # entries of a directory in its inode
_BEHIND_DOTS = 96  # where the first entry stands that isn't . or ..
HASHES_AT, _FREE_AT = 32 * 2**30, 64 * 2**30  # in bytes from the start of the directory
_LEAF1, _LEAFN, _NODE = 0x3DF1, 0x3DFF, 0x3EBE


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A name in a directory. `mode` is that of the file."""

    name: bytes
    inode: int
    mode: int

    @property
    def kind(self) -> int:
        return _TYPES[self.mode >> 12]

    @property
    def size(self) -> int:
        """The bytes that it takes in a block."""
        return -(-(len(self.name) + 12) // 8) * 8


def name_hash(name: bytes) -> int:
    """Return the hash by which names of files and of attributes are looked up."""
    value = 0
    for i in range(0, len(name) - 3, 4):
        a, b, c, d = name[i : i + 4]
        value = a << 21 ^ b << 14 ^ c << 7 ^ d ^ _rotated(value, 28)
    rest = name[len(name) & ~3 :]
    for i, byte in enumerate(rest):
        if i == 0:
            value = _rotated(value, 7 * len(rest))
        value ^= byte << 7 * (len(rest) - 1 - i)
    return value


def _rotated(value: int, bits: int) -> int:
    return (value << bits | value >> 32 - bits) & 0xFFFFFFFF


def short_form(parent: int, entries: Sequence[Entry]) -> bytes:
    """Return a directory as it stands in its inode."""
    wide = sum(number > NULL for number in (parent, *(entry.inode for entry in entries)))
    number = ">Q" if wide else ">I"
    parts = [struct.pack(">BB", len(entries), wide), struct.pack(number, parent)]
    place = _BEHIND_DOTS
    for entry in entries:
        head = struct.pack(">BH", len(entry.name), place)
        parts += [head, entry.name, bytes([entry.kind]), struct.pack(number, entry.inode)]
        place += entry.size
    return b"".join(parts)


def least_blocks(names: Iterable[bytes], block: int, inline: int) -> int:
    """Return the least blocks that a directory takes, if `inline` bytes fit into its inode."""
    entries = [Entry(name=name, inode=0, mode=_DIRECTORY_MODE) for name in names]
    if len(entries) <= _MOST_SHORT and len(short_form(0, entries)) <= inline:
        return 0
    data = sum(entry.size for entry in entries) + _BEHIND_DOTS - _HEADER
    hashes = 8 * (len(entries) + 2)
    if data + hashes + 8 + _HEADER <= block:
        return 1
    return -(-data // (block - _HEADER)) + -(-hashes // (block - _HEADER))


def blocks_of(
    disk: Disk, owner: int, parent: int, entries: Sequence[Entry]
) -> list[tuple[int, bytearray, int]]:
    """Return the blocks of a directory: place, content, and the offset of the checksum in it.

    Their own addresses are for whoever writes them to fill in, at 8 bytes behind the checksum's
    place for those of hashes, and at 4 for all others.
    """
    dots = [
        Entry(name=b".", inode=owner, mode=_DIRECTORY_MODE),
        Entry(name=b"..", inode=parent, mode=_DIRECTORY_MODE),
    ]
    entries = [*dots, *entries]
    size = disk.sb.block
    room = size - sum(entry.size for entry in entries) - _HEADER - 8 * len(entries) - 8
    if room >= 0:
        return [_single(disk, owner, entries)]
    return _several(disk, owner, entries)


_DIRECTORY_MODE = 0o040755


def _head(disk: Disk, magic: bytes, owner: int) -> bytearray:
    data = bytearray(disk.sb.block)
    data[:4] = magic
    data[24:40] = disk.sb.uuid
    struct.pack_into(">Q", data, 40, owner)
    return data


def _put(data: bytearray, place: int, entry: Entry) -> None:
    end = place + entry.size
    struct.pack_into(">QB", data, place, entry.inode, len(entry.name))
    data[place + 9 : place + 10 + len(entry.name)] = entry.name + bytes([entry.kind])
    struct.pack_into(">H", data, end - 2, place)


def _put_free(data: bytearray, place: int, end: int) -> None:
    """Mark the bytes between two places as free."""
    if place < end:
        struct.pack_into(">HH", data, place, 0xFFFF, end - place)
        struct.pack_into(">H", data, end - 2, place)
        struct.pack_into(">HH", data, 48, place, end - place)


def _single(disk: Disk, owner: int, entries: Sequence[Entry]) -> tuple[int, bytearray, int]:
    data = _head(disk, b"XDB3", owner)
    place, hashes = _HEADER, []
    for entry in entries:
        _put(data, place, entry)
        hashes.append((name_hash(entry.name), place >> 3))
        place += entry.size
    end = len(data) - 8 - 8 * len(hashes)
    _put_free(data, place, end)
    for i, pair in enumerate(sorted(hashes)):
        struct.pack_into(">II", data, end + 8 * i, *pair)
    struct.pack_into(">II", data, len(data) - 8, len(hashes), 0)
    return 0, data, 4


def _several(disk: Disk, owner: int, entries: Sequence[Entry]) -> list[tuple[int, bytearray, int]]:
    size = disk.sb.block
    blocks, free, hashes = [], [], []
    data, place = _head(disk, b"XDD3", owner), _HEADER
    for entry in entries:
        if place + entry.size > size:
            _put_free(data, place, size)
            free.append(size - place)
            blocks.append(data)
            data, place = _head(disk, b"XDD3", owner), _HEADER
        _put(data, place, entry)
        hashes.append((name_hash(entry.name), (len(blocks) * size + place) >> 3))
        place += entry.size
    _put_free(data, place, size)
    free.append(size - place)
    blocks.append(data)
    found = [(i, block, 4) for i, block in enumerate(blocks)]
    hashes.sort()
    if 8 * len(hashes) + 2 * len(free) + 4 <= size - _HEADER:
        return [*found, _only_leaf(disk, owner, hashes, free)]
    return [*found, *_leaves(disk, owner, hashes), *_free_index(disk, owner, free)]


def _leaf(
    disk: Disk, magic: int, owner: int, hashes: Sequence[tuple[int, int]], sides: tuple[int, int]
) -> bytearray:
    """Return a block of hashes, or of pointers to blocks of hashes."""
    data = bytearray(disk.sb.block)
    struct.pack_into(">IIH", data, 0, *sides, magic)
    data[32:48] = disk.sb.uuid
    struct.pack_into(">QH", data, 48, owner, len(hashes))
    body = b"".join(struct.pack(">II", *pair) for pair in hashes)
    data[_HEADER : _HEADER + len(body)] = body
    return data


def _only_leaf(
    disk: Disk, owner: int, hashes: Sequence[tuple[int, int]], free: Sequence[int]
) -> tuple[int, bytearray, int]:
    data = _leaf(disk, _LEAF1, owner, hashes, (0, 0))
    end = len(data) - 4
    struct.pack_into(f">{len(free)}H", data, end - 2 * len(free), *free)
    struct.pack_into(">I", data, end, len(free))
    return HASHES_AT // disk.sb.block, data, 12


def _leaves(
    disk: Disk, owner: int, hashes: Sequence[tuple[int, int]]
) -> list[tuple[int, bytearray, int]]:
    """Return the tree of hashes; its root is where a reader looks first."""
    base = HASHES_AT // disk.sb.block
    each = (disk.sb.block - _HEADER) // 8
    found: list[tuple[int, bytearray, int]] = []
    rows, level, behind = hashes, 0, base + 1
    while level == 0 or len(rows) > 1:
        pages = [rows[i : i + each] for i in range(0, len(rows), each)]
        is_root = level > 0 and len(pages) == 1
        places = [base] if is_root else [behind + i for i in range(len(pages))]
        behind += 0 if is_root else len(pages)
        for i, page in enumerate(pages):
            sides = (places[i + 1] if i + 1 < len(pages) else 0, places[i - 1] if i else 0)
            data = _leaf(disk, _NODE if level else _LEAFN, owner, page, sides)
            if level:
                struct.pack_into(">H", data, 58, level)
            found.append((places[i], data, 12))
        rows = [(page[-1][0], place) for page, place in zip(pages, places, strict=True)]
        level += 1
    return sorted(found, key=lambda block: block[0])


def _free_index(disk: Disk, owner: int, free: Sequence[int]) -> list[tuple[int, bytearray, int]]:
    base = _FREE_AT // disk.sb.block
    each = (disk.sb.block - _HEADER) // 2
    found = []
    for i in range(0, len(free), each):
        page = free[i : i + each]
        data = _head(disk, b"XDF3", owner)
        struct.pack_into(">III", data, 48, i, len(page), len(page))
        struct.pack_into(f">{len(page)}H", data, _HEADER, *page)
        found.append((base + i // each, data, 4))
    return found
