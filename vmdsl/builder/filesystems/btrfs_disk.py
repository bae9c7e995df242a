"""Btrfs on disk: changes after mkfs.btrfs has made it.

Its trees are found by way of the superblock. A place in them is a logical one, which chunks
translate to one or two on the disk. Numbers are little-endian, and each block has a checksum.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from vmdsl.builder.filesystems.contents import File
from vmdsl.builder.filesystems.crc32c import crc32c

_SUPERS = (0x10000, 0x4000000)
_SUPER_SIZE = 4096
_SYSTEM_CHUNKS = 811
_HEADER, _ITEM, _POINTER = 101, 25, 33
_INODE, _REFERENCE, _LONG_REFERENCE, _ROOT, _DEVICE, _CHUNK = 1, 12, 13, 132, 216, 228
_FILES, _TOP = 5, 256
_CHECKSUMS: dict[int, Callable[[bytes], bytes]] = {
    0: lambda data: struct.pack("<I", crc32c(data)),
    2: lambda data: hashlib.sha256(data).digest(),
    3: lambda data: hashlib.blake2b(data, digest_size=32).digest(),
}


@dataclass(frozen=True)
class Item:
    """An item of a leaf: its key, and where in the leaf its data is."""

    owner: int
    kind: int
    offset: int
    start: int
    size: int


class Disk:
    """A filesystem on one device, in a file that is open for reading and writing."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file.fileno()
        self._super = bytearray(os.pread(self._file, _SUPER_SIZE, _SUPERS[0]))
        (self._node,) = struct.unpack_from("<I", self._super, 148)
        (kind,) = struct.unpack_from("<H", self._super, 196)
        if kind not in _CHECKSUMS:
            message = "mkfs.btrfs was asked for checksums that vmdsl cannot make"
            raise ValueError(message)
        self._checksum = _CHECKSUMS[kind]
        self._root, self._chunk_root = struct.unpack_from("<QQ", self._super, 80)
        #: Of each chunk: where it starts and ends, and its places on the disk.
        self._chunks: list[tuple[int, int, list[int]]] = []
        (end,) = struct.unpack_from("<I", self._super, 160)
        position = _SYSTEM_CHUNKS
        while position < _SYSTEM_CHUNKS + end:
            (first,) = struct.unpack_from("<Q", self._super, position + 9)
            position += 17 + self._add_chunk(first, self._super, position + 17)
        for _, data in list(self._leaves(self._chunk_root)):
            for item in _items(data):
                if item.kind == _CHUNK:
                    self._add_chunk(item.offset, data, item.start)

    @property
    def size(self) -> int:
        """The size of the filesystem, in bytes."""
        return int.from_bytes(self._super[112:120], "little")

    @property
    def used(self) -> int:
        """The number of bytes that are used."""
        return int.from_bytes(self._super[120:128], "little")

    def _add_chunk(self, first: int, data: bytearray, at: int) -> int:
        """Register a chunk. Returns the size of its record, in bytes."""
        length = int.from_bytes(data[at : at + 8], "little")
        stripes = int.from_bytes(data[at + 44 : at + 46], "little")
        places = [struct.unpack_from("<Q", data, at + 56 + 32 * i)[0] for i in range(stripes)]
        self._chunks.append((first, first + length, places))
        return 48 + 32 * stripes

    def _places(self, logical: int) -> list[int]:
        first, _, places = next(c for c in self._chunks if c[0] <= logical < c[1])
        return [place + logical - first for place in places]

    def _leaves(self, logical: int) -> Iterator[tuple[int, bytearray]]:
        """Yield each leaf of a tree, with its logical place."""
        data = bytearray(os.pread(self._file, self._node, self._places(logical)[0]))
        (count,) = struct.unpack_from("<I", data, 96)
        if data[100] == 0:
            yield logical, data
            return
        for i in range(count):
            (below,) = struct.unpack_from("<Q", data, _HEADER + _POINTER * i + 17)
            yield from self._leaves(below)

    def _sealed(self, data: bytearray) -> bytes:
        digest = self._checksum(bytes(data[32:]))
        data[:32] = digest.ljust(32, b"\0")
        return bytes(data)

    def _write(self, logical: int, data: bytearray) -> None:
        sealed = self._sealed(data)
        for place in self._places(logical):
            os.pwrite(self._file, sealed, place)

    def resize(self, size: int) -> None:
        """Give the device another size, in bytes, of at least what is used."""
        for logical, data in list(self._leaves(self._chunk_root)):
            for item in _items(data):
                if item.kind == _DEVICE:
                    struct.pack_into("<Q", data, item.start + 8, size)
                    self._write(logical, data)
        end = os.lseek(self._file, 0, os.SEEK_END)
        struct.pack_into("<Q", self._super, 112, size)
        struct.pack_into("<Q", self._super, 201 + 8, size)
        for place in _SUPERS:
            if place + _SUPER_SIZE <= end:
                struct.pack_into("<Q", self._super, 48, place)
                os.pwrite(self._file, self._sealed(self._super), place)

    def fix_metadata(self, files: Sequence[File], epoch: int) -> None:
        """Set what mkfs.btrfs took from the machine, or lost. The first file is the top directory.

        Raises LookupError, with its name, for a file that is not there.
        """
        leaves = [
            leaf
            for _, roots in list(self._leaves(self._root))
            for item in _items(roots)
            if (item.owner, item.kind) == (_FILES, _ROOT)
            for leaf in self._leaves(struct.unpack_from("<Q", roots, item.start + 176)[0])
        ]
        by_number = _by_number(files, [data for _, data in leaves])
        time = struct.pack("<QI", epoch, 0)
        for logical, data in leaves:
            inodes = [item for item in _items(data) if item.kind == _INODE]
            for item in inodes:
                at, file = item.start, by_number[item.owner]
                about = file.about
                if not file.is_directory:
                    struct.pack_into("<I", data, at + 40, file.links)
                struct.pack_into("<III", data, at + 44, about.st_uid, about.st_gid, about.st_mode)
                for place in (112, 124, 148):
                    data[at + place : at + place + 12] = time
                struct.pack_into("<qI", data, at + 136, *divmod(about.st_mtime_ns, 10**9))
            if inodes:
                self._write(logical, data)


def _by_number(files: Sequence[File], leaves: Iterable[bytearray]) -> dict[int, File]:
    """Return the file of each inode, by its number."""
    named = {
        (parent, name): item.owner
        for data in leaves
        for item in _items(data)
        if item.kind in {_REFERENCE, _LONG_REFERENCE}
        for parent, name in _names(data, item)
    }
    numbers = {files[0]: _TOP}
    for file in files:
        for name, entry in file.entries.items():
            number = named.get((numbers[file], os.fsencode(name)))
            if number is None:
                raise LookupError(entry.shown)
            numbers[entry] = number
    found = {number: file for file, number in numbers.items()}
    for file, number in numbers.items():
        if found[number] is not file:  # it knows files by their numbers on this machine
            raise LookupError(file.shown)
    return found


def _items(data: bytearray) -> Iterator[Item]:
    (count,) = struct.unpack_from("<I", data, 96)
    for i in range(count):
        owner, kind, offset, start, size = struct.unpack_from("<QBQII", data, _HEADER + _ITEM * i)
        yield Item(owner, kind, offset, _HEADER + start, size)


def _names(data: bytearray, item: Item) -> Iterator[tuple[int, bytes]]:
    """Yield each directory that a reference holds, and the name in it."""
    long = item.kind == _LONG_REFERENCE
    position = item.start
    while position < item.start + item.size:
        parent = struct.unpack_from("<Q", data, position)[0] if long else item.offset
        (length,) = struct.unpack_from("<H", data, position + (16 if long else 8))
        position += 18 if long else 10
        yield parent, bytes(data[position : position + length])
        position += length
