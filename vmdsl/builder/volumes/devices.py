"""The block devices of an image: partitions, and those that are made of others.

Nothing knows them but by these: each takes bytes, or the data of a file, at places of its own.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from vmdsl.builder.image.sparse import copy_data
from vmdsl.language.layout import LVM_DATA, DeviceLayout, LuksLayout, VolumeLayout


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
        """Copy the data of an open file from `start` up to `end` to a place. Holes are skipped."""


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


def device_of(place: DeviceLayout, image: int) -> Device:
    """Return a device of the layout in an image, an open file."""
    assert not isinstance(place, LuksLayout)  # noqa: S101 (see vmdsl.plan.rules.machine)
    if not isinstance(place, VolumeLayout):
        return Area(image=image, offset=place.start, size=place.size)
    below = devices_of(place.group.devices, image)
    extent = place.group.extent
    return Joined(
        parts=tuple(
            Part(
                device=below[segment.device],
                start=LVM_DATA + segment.first * extent,
                size=segment.count * extent,
            )
            for segment in place.segments
        )
    )


def devices_of(places: Sequence[DeviceLayout], image: int) -> list[Device]:
    """Return several devices of the layout."""
    return [device_of(place, image) for place in places]
