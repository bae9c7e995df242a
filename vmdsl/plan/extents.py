"""Computes where partitions start and end.

Places that vmdsl chooses, and places in percents, are whole MiB. A Size is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from vmdsl.errors import Hint, Problem, code
from vmdsl.language.handles import Extended, Gpt, Msdos, Partition
from vmdsl.language.layout import LOGICAL_GAP, gpt_size
from vmdsl.language.operation import origin_of, problem_in, shown_name, shown_with_line
from vmdsl.values import SECTOR, Percent, Size

ALIGNMENT = 2**20
_MBR_REACH = 2**32  # sectors


AnyPartition = Partition | Extended
_P = TypeVar("_P", bound=AnyPartition)


@dataclass(frozen=True)
class Place:
    """A partition's first byte, and the first byte behind it."""

    start: int
    end: int


def round_up_to_mib(offset: int) -> int:
    """Return the multiple of 1 MiB at or above an offset in bytes."""
    return -(-offset // ALIGNMENT) * ALIGNMENT


def round_down_to_mib(offset: int) -> int:
    """Return the multiple of 1 MiB at or below an offset in bytes."""
    return offset // ALIGNMENT * ALIGNMENT


def open_partitions(partitions: Sequence[_P]) -> list[_P]:
    """Return partitions without size and end, which take what is left or grow with content."""
    return [p for p in partitions if p.size is p.end is None]


def size_for(table: Gpt | Msdos, places: Sequence[Place]) -> int:
    """Return the size of the smallest disk, in whole MiB, that has room for these partitions."""
    end = max((place.end for place in places), default=ALIGNMENT)
    return round_up_to_mib(end + (gpt_size(table.disk.sector) if isinstance(table, Gpt) else 0))


def place_of(position: Percent, *, size: int, least: int = ALIGNMENT, limit: int) -> int:
    """Return a place in percent of `size` bytes: the nearest whole MiB from `least` to `limit`."""
    nearest = round_down_to_mib(position.of(size) + ALIGNMENT // 2)
    return max(min(nearest, round_down_to_mib(limit)), least)


def usable_end(size: int, *, is_gpt: bool, sector: int = SECTOR) -> int:
    """Return the first byte behind the room for partitions on a disk of `size` bytes."""
    return size - (gpt_size(sector) if is_gpt else 0)  # the second copy, at the disk's end


class Places:
    """Places on one disk. `size` is None if the disk becomes as large as its content.

    Then `rest` is the size of the partition that grows; otherwise it is ignored.
    """

    #: What is left free before each partition.
    gap = 0

    def __init__(self, table: Gpt | Msdos, *, size: int | None, rest: int = 0) -> None:
        self._size = size
        self._rest = rest
        self._is_gpt = isinstance(table, Gpt)
        self._sector = sector = table.disk.sector
        self._first = sector + gpt_size(sector) if self._is_gpt else sector
        self._usual = ALIGNMENT
        limit = usable_end(size or 0, is_gpt=self._is_gpt, sector=sector)
        self._limit = None if size is None else limit

    @property
    def has_room(self) -> bool:
        """Whether there is any space behind the table."""
        return self._limit is None or self._limit > self._first

    def find(self, partitions: Sequence[AnyPartition]) -> tuple[list[Place], list[Problem]]:
        """Return the place of every partition, in order, and all mistakes.

        A partition that is in the way of others is reported only for its own mistakes.
        """
        found: list[Place] = []
        sound: list[tuple[AnyPartition, Place]] = []
        problems = []
        cursor = self._usual
        for index, partition in enumerate(partitions):
            start = (
                round_up_to_mib(cursor) if partition.start is None else self._at(partition.start)
            )
            if isinstance(partition.start, Percent) and cursor - self.gap <= start < cursor:
                start = round_up_to_mib(cursor)
            place = Place(start, self._end(partition, start, partitions[index + 1 :]))
            misplaced = self._misplaced(partition, place, sound)
            if not (misplaced and self._is_pushed_out(place, found)):
                problems += misplaced
            if not misplaced:
                sound.append((partition, place))
            found.append(place)
            cursor = max(cursor, place.end + self.gap)
        return found, problems

    def _is_pushed_out(self, place: Place, before: Sequence[Place]) -> bool:
        """Return whether a place is behind the disk only because a partition before it is."""
        size = self._size
        return size is not None and place.start >= size and any(p.end > size for p in before)

    def _at(self, position: Size | Percent) -> int:
        """Return a place in bytes from the start of the disk."""
        if isinstance(position, Size):
            behind = self._size or 0  # without a size nothing counts from its end
            return position.bytes + (behind if position.bytes < 0 else 0)
        assert self._limit is not None  # noqa: S101 (mkpart refuses percents without a size)
        assert self._size is not None  # noqa: S101
        return place_of(position, size=self._size, least=self._usual, limit=self._limit)

    def _end(self, partition: AnyPartition, start: int, following: Sequence[AnyPartition]) -> int:
        if partition.size is not None:
            return start + partition.size.bytes
        if partition.end is not None:
            return self._at(partition.end)
        if self._limit is None:
            return start + self._rest
        limit = self._limit
        behind = 0
        for other in following:
            if other.start is not None:
                limit = min(limit, self._at(other.start) - self.gap)
                break
            if other.size is None:
                break
            behind += round_up_to_mib(other.size.bytes) + self.gap
        return round_down_to_mib(limit - behind)

    def _misplaced(
        self, partition: AnyPartition, place: Place, before: Sequence[tuple[AnyPartition, Place]]
    ) -> list[Problem]:
        start, end = place.start, place.end
        problems = [
            problem_in(partition, what, hint, about=about, code="partition-place")
            for what, hint, about in (
                self._at_the_edge(place),
                self._reversed(partition, place, before) or self._beyond(place, before),
            )
            if what
        ]
        problems += [
            problem_in(
                partition,
                f"it overlaps the partition {shown_name(other)} "
                f"({origin_of(other).where}): {Size(there.start)} to {Size(there.end)}",
                f"start it at {Size(round_up_to_mib(there.end))} or later",
                about="start",
                code="overlap",
            )
            for other, there in before
            if start < there.end and there.start < end
        ]
        return problems

    def _at_the_edge(self, place: Place) -> tuple[str, str, str]:
        """Return what is wrong with a partition that overlaps the table, a hint and an argument."""
        least = self._first // SECTOR  # as sectors() counts
        if place.start < 0:
            hint = Hint(code("-MiB", 100), " is 100 MiB before its end")
            return "it starts before the disk does", hint, "start"
        if place.start < self._first:
            return (
                f"it starts at {Size(place.start)}, where the partition table is",
                Hint(
                    "start at ", code("sectors", least), " or later; ", code("MiB", 1), " is usual"
                ),
                "start",
            )
        if self._limit is not None and self._limit < place.end <= (self._size or 0):
            return (
                f"it ends at {Size(place.end)}, where the second copy of the GPT is",
                Hint(
                    *("end at ", code("-sectors", gpt_size(self._sector) // SECTOR)),
                    *(" or before; ", code("-MiB", 1), " is usual"),
                ),
                "end",
            )
        return "", "", ""

    def _reversed(
        self, partition: AnyPartition, place: Place, before: Sequence[tuple[AnyPartition, Place]]
    ) -> tuple[str, str, str] | None:
        """Return what is wrong with a partition whose end is not behind its start on any disk.

        mkpart() has refused those that say both.
        """
        end = partition.end
        is_fixed = isinstance(end, Size) and end.bytes >= 0
        if place.end > place.start or not is_fixed or open_partitions([one for one, _ in before]):
            return None
        return (
            f"its end, {Size(place.end)}, is not behind its start, {Size(place.start)}",
            "end= is a place on the disk, and size= the partition's length",
            "end",
        )

    def _beyond(
        self, place: Place, before: Sequence[tuple[AnyPartition, Place]]
    ) -> tuple[str, str, str]:
        """Return what is wrong with a partition that ends behind the disk or has no room."""
        reach = _MBR_REACH * self._sector
        if not self._is_gpt and place.end > reach:
            what = f"it ends at {Size(place.end)}, and an MBR reaches no farther than {Size(reach)}"
            return what, "use a GPT", "end"
        rest = next(iter(open_partitions([other for other, _ in before])), None)
        hint = f"{shown_name(rest)} takes all that is left" if rest else "make the image larger"
        room = Size(round_down_to_mib(self._limit)) if self._limit is not None else None
        if place.end <= place.start:
            return (
                f"no room is left for it: it starts at {Size(place.start)} of {room}",
                hint,
                "start",
            )
        if self._size is not None and place.end > self._size:
            what = f"it ends at {Size(place.end)} and does not fit: there is room up to {room}"
            return what, hint, "end"
        return "", "", ""


class LogicalPlaces(Places):
    """Places in an extended partition. Before each there is a table of one sector."""

    gap = LOGICAL_GAP

    def __init__(self, extended: Extended, place: Place, *, size: int) -> None:
        super().__init__(extended.table, size=size)
        self._extended = extended
        self._first = place.start + self._sector
        self._usual = round_up_to_mib(self._first)
        self._limit = place.end

    def _misplaced(
        self, partition: AnyPartition, place: Place, before: Sequence[tuple[AnyPartition, Place]]
    ) -> list[Problem]:
        limit = self._limit or 0
        extended = f"{shown_with_line(self._extended)}"
        if place.start < self._first or place.end > limit or place.end <= place.start:
            return [
                problem_in(
                    partition,
                    f"it has no place in the extended partition {extended}, which is at "
                    f"{Size(self._first - self._sector)} to {Size(limit)}",
                    "enlarge that one, or move this one",
                    code="partition-place",
                )
            ]
        problems = super()._misplaced(partition, place, before)
        if not problems and before and place.start < before[-1][1].end + self.gap:
            other, there = before[-1]
            problems = [
                problem_in(
                    partition,
                    f"it starts at {Size(place.start)}, but a table of its own needs the MiB "
                    f"behind {shown_with_line(other)}",
                    f"start it at {Size(round_up_to_mib(there.end) + self.gap)} or later",
                    code="partition-place",
                )
            ]
        return problems
