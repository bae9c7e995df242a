"""FAT, read from a filesystem that exists. Numbers are little-endian."""

from __future__ import annotations

import calendar
import codecs
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from vmdsl.existing.files import Node, Piece
from vmdsl.existing.source import Source, UnreadableImageError

for _name in ("cp437", "utf-16-le"):
    codecs.lookup(_name)  # in the tree it is too late to load them

_ENTRY = 32
_DELETED, _KANJI = 0xE5, 0x05
_VOLUME, _FOLDER, _LONG = 0x08, 0x10, 0x0F
_LAST_LONG = 0x40
#: Where a part of a long name is in its entry.
_LETTERS = (slice(1, 11), slice(14, 26), slice(28, 32))
_PER_PART = 13
_LOWER_NAME, _LOWER_SUFFIX = 0x08, 0x10
_FAT16, _FAT32 = 16, 32
_FAT12_END = 4085
_FIRST = 2  # the number of the first cluster
_TOP = 0
_NO_LABEL = "NO NAME"
_FOLDER_MODE, _FILE_MODE = stat.S_IFDIR | 0o755, stat.S_IFREG | 0o644


@dataclass(frozen=True, kw_only=True)
class FatShape:
    """The settings of a FAT, and its label. `bits` are 12, 16 or 32."""

    label: str
    uuid: str
    bits: int
    cluster: int


class FatFiles:
    """The files of a FAT filesystem. Raises UnreadableImageError if it cannot be read.

    A file's number is its first cluster; an empty one has none. Root owns everything.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        boot = source.read(0, 512).ljust(512, b"\0")
        sector, per_cluster, reserved, copies, entries, small = struct.unpack_from(
            "<HBHBHH", boot, 11
        )
        (fat_small,), (large,) = (
            struct.unpack_from("<H", boot, 22),
            struct.unpack_from("<I", boot, 32),
        )
        fat = fat_small or struct.unpack_from("<I", boot, 36)[0]
        if sector not in (512, 1024, 2048, 4096) or not per_cluster or not fat or not copies:
            raise _damaged()
        self._cluster: int = sector * per_cluster
        self._top_place = (reserved + copies * fat) * sector
        self._top_size = entries * _ENTRY
        self._data: int = self._top_place + -(-self._top_size // sector) * sector
        self._count = ((small or large) * sector - self._data) // self._cluster
        self._bits = _FAT32 if not fat_small else 12 if self._count < _FAT12_END else _FAT16
        self._first_top = struct.unpack_from("<I", boot, 44)[0] if self._bits == _FAT32 else 0
        self._fat = source.read(reserved * sector, fat * sector)
        self._boot = boot
        self._nodes: dict[int, tuple[int, int]] = {}  # of a node's number: first cluster, size

    def __repr__(self) -> str:
        return "the files of FAT"

    @property
    def shape(self) -> FatShape:
        """Its settings."""
        place = 67 if self._bits == _FAT32 else 39
        serial = int.from_bytes(self._boot[place : place + 4], "little")
        label = self._boot[place + 4 : place + 15]
        for entry in self._records(_TOP):
            if entry[11] & ~0x20 == _VOLUME:
                label = entry[:11]
        text = label.decode("ascii", "replace").rstrip(" \0")
        return FatShape(
            label="" if text == _NO_LABEL else text,
            uuid=f"{serial >> 16:04X}-{serial & 0xFFFF:04X}",
            bits=self._bits,
            cluster=self._cluster,
        )

    @cached_property
    def top(self) -> Node:
        """The top directory."""
        return Node(number=_TOP, mode=_FOLDER_MODE)

    def entries(self, directory: Node) -> Iterator[tuple[bytes, Node]]:
        """Yield what is in a directory, with its names, but for itself and the one above."""
        parts: list[str] = []
        first, _ = self._nodes.get(directory.number, (0, 0))
        for entry in self._records(first):
            if entry[11] & 0x3F == _LONG:
                letters = b"".join(entry[place] for place in _LETTERS)
                if entry[0] & _LAST_LONG:
                    parts = []
                parts.insert(0, letters.decode("utf-16-le", "replace"))
                continue
            long, parts = "".join(parts).partition("\0")[0].rstrip("\uffff"), []
            if entry[11] & _VOLUME or entry[:2] in (b". ", b".."):
                continue
            yield self._named(long or _short(entry)), self._node(entry)

    @staticmethod
    def _named(name: str) -> bytes:
        if not name or "/" in name or name in (".", ".."):
            raise _damaged()
        return name.encode()

    def _node(self, entry: bytes) -> Node:
        time, date, low, size = struct.unpack_from("<HHHI", entry, 22)
        high = struct.unpack_from("<H", entry, 20)[0] if self._bits == _FAT32 else 0
        number = len(self._nodes) + 1
        self._nodes[number] = (high << 16 | low, size)
        is_folder = bool(entry[11] & _FOLDER)
        if is_folder and not high << 16 | low:
            raise _damaged()
        return Node(
            number=number,
            mode=_FOLDER_MODE if is_folder else _FILE_MODE,
            time=_seconds(date, time) * 10**9,
            size=0 if is_folder else size,
        )

    def pieces(self, file: Node) -> Iterator[Piece]:
        """Yield the data of a file, in order."""
        first, size = self._nodes[file.number]
        if not size:
            return
        place = 0
        for start, count in self._runs(first):
            length = min(count * self._cluster, size - place)
            if length > 0:
                yield Piece(place=place, size=length, at=start)
            place += count * self._cluster
        if place < size:
            raise _damaged()

    def _records(self, first: int) -> Iterator[bytes]:
        """Yield the entries of a directory by its first cluster; 0 is the top."""
        if not first and self._bits != _FAT32:
            areas = [self.source.read(self._top_place, self._top_size)]
        else:
            areas = [
                self.source.read(start, count * self._cluster)
                for start, count in self._runs(first or self._first_top)
            ]
        for area in areas:
            for place in range(0, len(area) - _ENTRY + 1, _ENTRY):
                entry = area[place : place + _ENTRY]
                if not entry[0]:
                    return
                if entry[0] != _DELETED:
                    yield entry

    def _runs(self, first: int) -> Iterator[tuple[int, int]]:
        """Yield the place in bytes and the number of clusters that follow each other."""
        start, count = first, 0
        cluster = first
        for _ in range(self._count + 1):
            if not _FIRST <= cluster < self._count + _FIRST:
                break
            if cluster != start + count:
                yield self._place(start), count
                start, count = cluster, 0
            count += 1
            cluster = self._next(cluster)
        else:
            raise _damaged()  # it goes round in circles
        if not count:
            raise _damaged()
        yield self._place(start), count

    def _place(self, cluster: int) -> int:
        return self._data + (cluster - _FIRST) * self._cluster

    def _next(self, cluster: int) -> int:
        if self._bits == _FAT32:
            return int(struct.unpack_from("<I", self._fat, cluster * 4)[0]) & 0x0FFFFFFF
        if self._bits == _FAT16:
            return int(struct.unpack_from("<H", self._fat, cluster * 2)[0])
        (pair,) = struct.unpack_from("<H", self._fat, cluster + cluster // 2)
        return int(pair) >> 4 if cluster & 1 else int(pair) & 0xFFF


def _short(entry: bytes) -> str:
    """Return the short name of an entry."""
    raw = bytes([_DELETED]) + entry[1:11] if entry[0] == _KANJI else entry[:11]
    name, suffix = (raw[part].decode("cp437").rstrip(" ") for part in (slice(8), slice(8, 11)))
    name = name.lower() if entry[12] & _LOWER_NAME else name
    suffix = suffix.lower() if entry[12] & _LOWER_SUFFIX else suffix
    return f"{name}.{suffix}" if suffix else name


def _seconds(date: int, time: int) -> int:
    """Return a time of FAT, which has no time zone, as one of UTC."""
    day = (1980 + (date >> 9), max(date >> 5 & 15, 1), max(date & 31, 1))
    return calendar.timegm((*day, time >> 11, time >> 5 & 63, (time & 31) * 2))


def _damaged() -> UnreadableImageError:
    return UnreadableImageError("it is damaged", "repair it with fsck.vfat")
