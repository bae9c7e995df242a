"""The block devices of an image: partitions, and those that are made of others.

Nothing knows them but by these: each takes bytes, or the data of a file, at places of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from vmdsl.builder.image.sparse import copy_data
from vmdsl.builder.volumes.encryption import encrypt
from vmdsl.language.layout import (
    LUKS_DATA,
    LVM_DATA,
    DeviceLayout,
    LuksLayout,
    VolumeLayout,
)

_CHUNK = 2**20


class Device(Protocol):
    """A device that a filesystem is on, or that others are made of. Sizes are in bytes."""

    @property
    def size(self) -> int:
        """Its size."""

    @property
    def offset(self) -> int | None:
        """Where it starts in the image, if its bytes are there as they are, and in one piece."""

    def write(self, start: int, content: bytes) -> None:
        """Write bytes at a place."""

    def copy(self, file: int, start: int, end: int, at: int) -> None:
        """Copy the bytes of an open file from `start` up to `end` to a place that has none yet."""


@dataclass(frozen=True, kw_only=True)
class Area:
    """A part of the image, as partitions are."""

    image: int
    offset: int
    size: int

    def write(self, start: int, content: bytes) -> None:
        written = 0
        while written < len(content):
            written += os.pwrite(self.image, content[written:], self.offset + start + written)

    def copy(self, file: int, start: int, end: int, at: int) -> None:
        copy_data(file, self.image, start=start, size=end, offset=self.offset + at - start)


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a device."""

    device: Device
    start: int
    size: int

    @property
    def offset(self) -> int | None:
        """Where it starts in the image, if its device is in one piece there."""
        return None if self.device.offset is None else self.device.offset + self.start


@dataclass(frozen=True, kw_only=True)
class Joined:
    """A device that consists of parts of others, in order."""

    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)

    @property
    def offset(self) -> int | None:
        first = self.parts[0].offset
        behind = first
        for part in self.parts:
            if behind is None or part.offset != behind:
                return None
            behind += part.size
        return first

    def write(self, start: int, content: bytes) -> None:
        for part, place, begin, end in self._pieces(start, len(content)):
            part.device.write(place, content[begin:end])

    def copy(self, file: int, start: int, end: int, at: int) -> None:
        for part, place, begin, behind in self._pieces(at, end - start):
            part.device.copy(file, start + begin, start + behind, place)

    def _pieces(self, start: int, size: int) -> list[tuple[Part, int, int, int]]:
        """Return which parts have `size` bytes from `start` on.

        Each is with the place in its device, and the range of these bytes that is there.
        """
        found = []
        position = 0
        for part in self.parts:
            begin, end = max(start, position), min(start + size, position + part.size)
            if begin < end:
                place = part.start + begin - position
                found.append((part, place, begin - start, end - start))
            position += part.size
        return found


@dataclass(frozen=True, kw_only=True)
class Striped:
    """A device whose pieces of `chunk` bytes are on parts of others, all of one size, in turn."""

    parts: tuple[Part, ...]
    chunk: int

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)

    @property
    def offset(self) -> None:
        """Its bytes are not in one piece in the image."""
        return

    def write(self, start: int, content: bytes) -> None:
        for part, place, begin, end in self._pieces(start, len(content)):
            part.device.write(place, content[begin:end])

    def copy(self, file: int, start: int, end: int, at: int) -> None:
        for part, place, begin, behind in self._pieces(at, end - start):
            part.device.copy(file, start + begin, start + behind, place)

    def _pieces(self, start: int, size: int) -> Iterator[tuple[Part, int, int, int]]:
        """Yield which parts have `size` bytes from `start` on, as `Joined` does."""
        position = start
        while position < start + size:
            number, inside = divmod(position, self.chunk)
            row, column = divmod(number, len(self.parts))
            end = min(position - inside + self.chunk, start + size)
            part = self.parts[column]
            place = part.start + row * self.chunk + inside
            yield part, place, position - start, end - start
            position = end


@dataclass(frozen=True, kw_only=True)
class Encrypted:
    """The content of a device that is encrypted. `key` is that of the content.

    What is not written reads as noise, where a file has zeros in a hole: all is encrypted.
    """

    device: Device
    key: bytes = field(repr=False)
    sector: int
    size: int

    @property
    def offset(self) -> None:
        """Its bytes are not in the image as they are."""
        return

    def write(self, start: int, content: bytes) -> None:
        """Write whole sectors."""
        for place in range(0, len(content), _CHUNK):
            piece = content[place : place + _CHUNK]
            encrypted = encrypt(piece, self.key, start=start + place, sector=self.sector)
            self.device.write(LUKS_DATA + start + place, encrypted)

    def copy(self, file: int, start: int, end: int, at: int) -> None:
        """Copy, with what else of the file is in the same sectors."""
        begin = start - at % self.sector
        behind = begin + -(-(end - begin) // self.sector) * self.sector
        for place in range(begin, behind, _CHUNK):
            size = min(_CHUNK, behind - place)
            self.write(at - start + place, os.pread(file, size, place).ljust(size, b"\0"))


@dataclass(frozen=True, kw_only=True)
class Devices:
    """The devices of an image, an open file. `keys` are those of encrypted ones, by their UUIDs."""

    image: int
    keys: Mapping[str, bytes] = field(repr=False)

    def of(self, place: DeviceLayout) -> Device:
        """Return a device of the layout."""
        match place:
            case LuksLayout():
                return Encrypted(
                    device=self.of(place.device),
                    key=self.keys[place.uuid],
                    sector=place.sector,
                    size=place.size,
                )
            case VolumeLayout():
                return self._volume(place)
        return Area(image=self.image, offset=place.start, size=place.size)

    def _volume(self, place: VolumeLayout) -> Device:
        below = [self.of(device) for device in place.group.devices]
        extent = place.group.extent
        parts = tuple(
            Part(
                device=below[segment.device],
                start=LVM_DATA + segment.first * extent,
                size=segment.count * extent,
            )
            for segment in place.segments
        )
        if stripe := place.volume.stripe_size:
            return Striped(parts=parts, chunk=stripe.bytes)
        return Joined(parts=parts)
