"""Files on Btrfs: the items of subvolumes, and their data."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from vmdsl.builder.filesystems.btrfs_disk import (
    DATA,
    NO_HOLES,
    Chunk,
    Disk,
    Item,
    Key,
)
from vmdsl.builder.filesystems.compression import MOST_AT_ONCE, Compressor
from vmdsl.builder.filesystems.contents import File
from vmdsl.builder.filesystems.crc32c import updated
from vmdsl.builder.image.allocation import rounded

ROOT_ITEM = 132
TOP = 256
#: Files of so many bytes need no block of their own.
INLINE = 2048
_INODE, _REFERENCE, _LONG_REFERENCE, _ATTRIBUTE, _ENTRY, _INDEX, _EXTENT = (
    1,
    12,
    13,
    24,
    84,
    96,
    108,
)
_SUMS, SUMS = 128, 2**64 - 10
_DIRECTORY, _OF_ATTRIBUTE = 2, 8
_TYPES = {
    stat.S_IFREG: 1,
    stat.S_IFDIR: _DIRECTORY,
    stat.S_IFCHR: 3,
    stat.S_IFBLK: 4,
    stat.S_IFIFO: 5,
    stat.S_IFSOCK: 6,
    stat.S_IFLNK: 7,
}
_MOST = 2**27
_PIECE = 2**20
_GIB, _MIB = 2**30, 2**20
_ITEM_HEADERS = 101 + 25


class UnfitError(Exception):
    """A file that Btrfs cannot hold."""


@dataclass(frozen=True, kw_only=True)
class Extent:
    """Data on the disk, of a file. `volume`, `inode` and `offset` are whose they are."""

    place: int
    size: int
    volume: int
    inode: int
    offset: int


@dataclass(kw_only=True)
class Data:
    """The data of all files: where they are, and their checksums.

    `expected` is how much there is in all, in bytes, without compression.
    """

    disk: Disk
    expected: int
    compressor: Compressor | None = None
    extents: list[Extent] = field(default_factory=list)
    sums: list[tuple[int, bytes]] = field(default_factory=list)
    _chunk: Chunk | None = None

    def take(self, most: int, unit: int) -> tuple[int, int]:
        """Return the place and the size of a piece of the disk, of whole units and `most` bytes.

        Raises NoRoomError.
        """
        space = self.disk.space
        while True:
            if self._chunk is not None and (found := self._chunk.take(most, unit)):
                self.expected -= found[1]
                return found
            wanted = -(-max(self.expected, unit) // _MIB) * _MIB + _MIB
            room = space.unallocated // space.copies(DATA) // _MIB * _MIB
            self._chunk = space.add(DATA, min(wanted, _GIB, room))

    def write(self, place: int, data: bytes) -> None:
        """Write whole sectors to a piece of the disk, and note their checksums."""
        form = self.disk.form
        self.disk.write(place, data)
        starts = range(0, len(data), form.sector)
        sums = b"".join(form.checksum(data[i : i + form.sector]) for i in starts)
        self.sums.append((place, sums))

    def finish(self) -> None:
        """Give back the end of the last chunk."""
        if self._chunk is not None:
            used = self._chunk.cursor - self._chunk.logical
            self.disk.space.trim(self._chunk, -(-used // _MIB) * _MIB)

    def sum_items(self) -> Iterator[Item]:
        """Yield the items of the tree of checksums."""
        form = self.disk.form
        width = len(form.checksum(b""))
        most = (form.node - _ITEM_HEADERS) // 4 // width * width
        place, sums = 0, bytearray()
        for start, more in self.sums:
            if sums and start != place + len(sums) // width * form.sector:
                yield from _split(place, bytes(sums), most, width, form.sector)
                sums.clear()
            if not sums:
                place = start
            sums += more
        yield from _split(place, bytes(sums), most, width, form.sector)


def _split(place: int, sums: bytes, most: int, width: int, sector: int) -> Iterator[Item]:
    for i in range(0, len(sums), most):
        yield (SUMS, _SUMS, place + i // width * sector), sums[i : i + most]


def name_hash(name: bytes) -> int:
    """Return the number by which a directory, or an inode with attributes, finds a name."""
    return updated(0xFFFFFFFE, name)


class Volume:
    """The items of a subvolume, or of the top level of the filesystem."""

    def __init__(self, data: Data, number: int, epoch: int) -> None:
        self.number = number
        self._data, self._form, self._epoch = data, data.disk.form, epoch
        self._items: dict[Key, bytes] = {}

    @property
    def items(self) -> list[Item]:
        """All items, in their order."""
        return sorted(self._items.items())

    def add(
        self, files: Sequence[File], below: Mapping[File, int]
    ) -> dict[int, tuple[int, int, bytes]]:
        """Add files, of which the first is the top directory.

        Those of `below` are the top directories of other subvolumes, with their numbers. Returns,
        by these, the directory that holds each, the index of its entry, and its name.
        """
        numbers = {file: TOP + i for i, file in enumerate(files)}
        found: dict[int, tuple[int, int, bytes]] = {}
        names: dict[File, list[tuple[int, int, bytes]]] = {}
        for file in files:
            for index, (name, entry) in enumerate(file.entries.items(), 2):
                raw = os.fsencode(name)
                other = below.get(entry)
                if other is None:
                    self._enter(numbers[file], index, raw, entry, numbers[entry])
                    names.setdefault(entry, []).append((numbers[file], index, raw))
                else:
                    key = (other, ROOT_ITEM, 2**64 - 1)
                    self._add_entry(numbers[file], index, raw, key, _DIRECTORY)
                    found[other] = (numbers[file], index, raw)
        for file, number in numbers.items():
            try:
                self._add_file(file, number, names.get(file, [(TOP, 0, b"..")]))
            except UnfitError as error:
                raise UnfitError(f"{file.shown}: {error}") from None
        return found

    def _enter(self, folder: int, index: int, name: bytes, entry: File, number: int) -> None:
        kind = _TYPES[stat.S_IFMT(entry.about.st_mode)]
        self._add_entry(folder, index, name, (number, _INODE, 0), kind)

    def _add_entry(self, folder: int, index: int, name: bytes, target: Key, kind: int) -> None:
        data = self._entry(target, kind, name)
        self._append((folder, _ENTRY, name_hash(name)), data)
        self._items[folder, _INDEX, index] = data

    def _entry(self, target: Key, kind: int, name: bytes, content: bytes = b"") -> bytes:
        return entry(target, kind, name, self._form.generation, content)

    def _append(self, key: Key, data: bytes) -> None:
        """Add to an item, which names with one hash share."""
        whole = self._items.get(key, b"") + data
        if len(whole) > self._form.node - _ITEM_HEADERS:
            message = "an attribute or name is too long for Btrfs"
            raise UnfitError(message)
        self._items[key] = whole

    def _add_file(self, file: File, number: int, names: Sequence[tuple[int, int, bytes]]) -> None:
        for folder, index, name in names:
            self._add_name(number, folder, index, name)
        for attribute, value in file.attributes.items():
            raw = os.fsencode(attribute)
            key = (number, _ATTRIBUTE, name_hash(raw))
            self._append(key, self._entry((0, 0, 0), _OF_ATTRIBUTE, raw, value))
        size = taken = 0
        if file.is_directory:
            size = 2 * sum(len(os.fsencode(name)) for name in file.entries)
        elif file.is_symlink:
            text = os.readlink(os.fsencode(file.path))  # noqa: PTH115 (in bytes)
            size = taken = len(text)
            self._add_inline(number, text)
        elif file.is_regular:
            size = file.size
            taken = self._add_data(file, number)
        self._items[number, _INODE, 0] = inode(
            file.about,
            size=size,
            taken=taken,
            links=1 if file.is_directory else len(names),
            generation=self._form.generation,
            epoch=self._epoch,
        )

    def _add_name(self, number: int, folder: int, index: int, name: bytes) -> None:
        key = (number, _REFERENCE, folder)
        data = struct.pack("<QH", index, len(name)) + name
        if len(self._items.get(key, b"")) + len(data) <= self._form.node - _ITEM_HEADERS:
            self._append(key, data)
        else:
            data = struct.pack("<QQH", folder, index, len(name)) + name
            self._append((number, _LONG_REFERENCE, updated(folder & 0xFFFFFFFF, name)), data)

    def _add_inline(self, number: int, data: bytes) -> None:
        head = struct.pack("<QQBBHB", self._form.generation, len(data), 0, 0, 0, 0)
        if len(head + data) > self._form.node - _ITEM_HEADERS:
            message = "its target is too long for blocks of this size"
            raise UnfitError(message)
        self._items[number, _EXTENT, 0] = head + data

    def _add_data(self, file: File, number: int) -> int:
        """Write the data of a regular file. Return how many bytes are not in holes."""
        sector = self._form.sector
        parts = rounded(file.allocated, sector, file.size)
        if parts and file.size <= min(INLINE, sector - 1):
            with open(file.path, "rb", buffering=0) as stream:  # noqa: PTH123 (quicker)
                self._add_inline(number, os.pread(stream.fileno(), file.size, 0))
            return file.size
        taken = end = 0
        if parts:
            with open(file.path, "rb", buffering=0) as stream:  # noqa: PTH123 (quicker)
                for start, stop in parts:
                    self._add_hole(number, end, start)
                    end = -(-stop // sector) * sector
                    taken += end - start
                    self._add_part(stream.fileno(), number, start, end)
        self._add_hole(number, end, -(-file.size // sector) * sector)
        return taken

    def _add_hole(self, number: int, start: int, end: int) -> None:
        if end > start and not self._form.features & NO_HOLES:
            size = end - start
            self._items[number, _EXTENT, start] = self._extent(size, 0, 0, 0)

    def _add_part(self, file: int, number: int, start: int, end: int) -> None:
        """Write a part of a file, which ends with a whole sector."""
        data, form = self._data, self._form
        while start < end:
            packed, length = b"", end - start
            if data.compressor:
                length = min(length, MOST_AT_ONCE)
                packed = _packed(data.compressor, _read(file, start, length), form.sector)
            if data.compressor and packed:
                place, size = data.take(len(packed), len(packed))
                data.write(place, packed)
                content = self._extent(length, data.compressor.number, place, size)
            else:
                place, size = data.take(min(length, _MOST), form.sector)
                length = size
                for at in range(0, size, _PIECE):
                    data.write(place + at, _read(file, start + at, min(_PIECE, size - at)))
                content = self._extent(length, 0, place, size)
            self._items[number, _EXTENT, start] = content
            data.extents.append(
                Extent(place=place, size=size, volume=self.number, inode=number, offset=start)
            )
            start += length

    def _extent(self, length: int, compression: int, place: int, size: int) -> bytes:
        """Return an item for `length` bytes of a file, which are at a place; none for a hole."""
        head = (self._form.generation, length, compression, 0, 0, 1)
        return struct.pack("<QQBBHBQQQQ", *head, place, size, 0, length)


def _read(file: int, start: int, length: int) -> bytes:
    """Return bytes of a file, with zeros behind its end."""
    return os.pread(file, length, start).ljust(length, b"\0")


def _packed(compressor: Compressor, data: bytes, sector: int) -> bytes:
    """Return compressed data in whole sectors, or nothing if that saves none."""
    packed = compressor.compress(data)
    size = -(-len(packed) // sector) * sector
    return packed.ljust(size, b"\0") if size < len(data) else b""


def packed_size(file: File, compressor: Compressor, sector: int) -> int:
    """Return how much of the disk a regular file takes if it is compressed, in bytes."""
    size = 0
    for start, end in rounded(file.allocated, sector, file.size):
        with open(file.path, "rb", buffering=0) as stream:  # noqa: PTH123 (quicker)
            for at in range(start, end, MOST_AT_ONCE):
                length = -(-(min(end, at + MOST_AT_ONCE) - at) // sector) * sector
                data = _read(stream.fileno(), at, length)
                size += len(_packed(compressor, data, sector)) or length
    return size


def entry(target: Key, kind: int, name: bytes, generation: int, content: bytes = b"") -> bytes:
    """Return an entry of a directory, or an attribute with its content."""
    head = struct.pack("<QBQQHHB", *target, generation, len(content), len(name), kind)
    return head + name + content


def inode(
    about: os.stat_result, *, size: int, taken: int, links: int, generation: int, epoch: int
) -> bytes:
    """Return an inode, with the times of a build but for that of the content."""
    kind = stat.S_IFMT(about.st_mode)
    device = os.major(about.st_rdev) << 20 | os.minor(about.st_rdev)
    rdev = device if kind in {stat.S_IFCHR, stat.S_IFBLK} else 0
    owner = (about.st_uid, about.st_gid, about.st_mode)
    head = struct.pack(
        "<QQQQQIIIIQQQ", generation, generation, size, taken, 0, links, *owner, rdev, 0, 0
    )
    now = struct.pack("<QI", epoch, 0)
    return (
        head + bytes(32) + now + now + struct.pack("<qI", *divmod(about.st_mtime_ns, 10**9)) + now
    )
