"""Where parted puts partitions: nearest to the places that are asked for, beside those before.

A place in %, MB and the like may be moved by up to half a unit. Within that, parted first takes the
place where another partition ends, then whole MiB if start and end can both have them, and else
the sectors that are free.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from vmdsl.language.layout import SECTOR

_PLACE = re.compile(r"(-?\d+\.?\d*)\s*([a-z%]*)", re.IGNORECASE | re.ASCII)
_DECIMAL = {"k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_BINARY = {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
#: Behind these, written just so, an end is where the next partition may begin.
EXCLUSIVE = ("kiB", "MiB", "GiB", "TiB")
_GRAIN = 2**20 // SECTOR
#: A text with two signs is cylinder, head and sector for parted, even `-50%` and `1.5%`.
_OF_CYLINDERS = 2


@dataclass(frozen=True)
class Span:
    """Sectors from `first` to `last`, both included."""

    first: int
    last: int

    def __contains__(self, sector: int) -> bool:
        return self.first <= sector <= self.last

    def within(self, other: Span) -> Span:
        """Return the part that is in another span, too; it is empty if `first` is behind `last`."""
        return Span(max(self.first, other.first), min(self.last, other.last))


@dataclass(frozen=True)
class _Asked:
    """A place that is asked for, and the sectors that do as well."""

    sector: int
    range: Span


@dataclass(kw_only=True)
class PartedDisk:
    """A disk of `size` bytes, and the partitions on it so far."""

    size: int
    is_gpt: bool
    _taken: list[Span] = field(default_factory=list)

    def add(self, start: str, end: str) -> Span | None:
        """Add the partition that parted makes, and return its sectors; None if it refuses."""
        found = self._found(start, end)
        if found is not None:
            self._taken = sorted((*self._taken, found), key=lambda span: span.first)
        return found

    def _found(self, start: str, end: str) -> Span | None:
        first, last = self._asked(start), self._asked(end)
        if first is None or last is None:
            return None
        if end.strip().endswith(EXCLUSIVE) and first.sector != last.sector:
            inner = Span(last.range.first - 1, last.range.last - 1)
            last = _Asked(last.sector - 1, inner)
        if last.sector < first.sector:
            return None
        wanted = self._snapped(first, last)
        free = self._free_around(wanted)
        if free is None:
            return None
        usable = Span(34, self._sectors - 34) if self.is_gpt else Span(1, self._sectors - 1)
        room = free.within(usable)
        ranges = (first.range.within(room), last.range.within(room))
        found = _nearest(wanted, *ranges, grain=_GRAIN) or _nearest(wanted, room, room, grain=1)
        if found and found.first in first.range and found.last in last.range:
            return found
        return None

    @property
    def _sectors(self) -> int:
        return self.size // SECTOR

    def _asked(self, text: str) -> _Asked | None:
        """Return a place; None if parted does not read it, or it is outside of the disk."""
        found = _PLACE.fullmatch(text.strip())
        if found is None or len(re.findall(r"[-.%]", text)) == _OF_CYLINDERS:
            return None
        number, (unit, is_exact) = float(found[1]), self._unit(found[2].lower())
        if not unit or 0 < number < 1:
            return None
        radius = 0 if is_exact else max(-(-unit // SECTOR) // 2 - 1, 0)
        sector = int(number * unit / SECTOR)
        sector += self._sectors if found[1].startswith("-") else 0
        near = Span(self._clip(sector - radius), self._clip(sector + radius))
        if sector - near.last > radius or near.first - sector > radius:
            return None
        return _Asked(self._clip(sector), near)

    def _unit(self, name: str) -> tuple[int, bool]:
        """Return a unit's bytes, and whether places in it are exact; 0 for one that is unknown."""
        letter, others = name[:1], name[1:]
        if letter == "%":
            return self.size // 100, False
        if letter in _BINARY:
            return (_BINARY[letter], True) if others[:1] == "i" else (_DECIMAL[letter], False)
        return {"": 10**6, "s": SECTOR, "b": 1}.get(letter, 0), False

    def _clip(self, sector: int) -> int:
        return min(max(sector, 0), self._sectors - 1)

    def _snapped(self, first: _Asked, last: _Asked) -> Span:
        """Return the sectors asked for, moved to borders of free room and partitions nearby."""
        borders = list(self._regions())
        at_start = next(span for span in borders if first.sector in span)
        at_end = next(span for span in borders if last.sector in span)
        starts = [at_start.first, at_start.last + 1]
        ends = [at_end.last, at_end.first - 1]
        if at_start == at_end:
            del starts[1], ends[1]
        start, end = _closest(first, starts), _closest(last, ends)
        if at_start.last + 1 == at_end.first and end < start:
            if last.sector - end < start - first.sector:
                start = _closest(first, starts[:1])
            else:
                end = _closest(last, ends[:1])
        return Span(start, end)

    def _regions(self) -> Iterator[Span]:
        """Yield the spans of the table, partitions and free room, in order."""
        behind = self._sectors - 33
        tables = [Span(0, 33), Span(behind, self._sectors - 1)] if self.is_gpt else [Span(0, 0)]
        next_free = 0
        for span in sorted((*tables, *self._taken), key=lambda span: span.first):
            if span.first > next_free:
                yield Span(next_free, span.first - 1)
            yield span
            next_free = span.last + 1
        if next_free < self._sectors:
            yield Span(next_free, self._sectors - 1)

    def _free_around(self, wanted: Span) -> Span | None:
        """Return the room between the partitions before and after a place."""
        first, last = 0, self._sectors - 1
        for span in self._taken:
            if not (span.first < wanted.first or first >= span.first):
                last = span.first - 1
                break
            first = span.last + 1
        return Span(first, last) if first < last else None


def _closest(asked: _Asked, borders: Sequence[int]) -> int:
    """Return the nearest of some borders that are in range, or the place itself."""
    near = [border for border in borders if border in asked.range]
    return min(near, key=lambda border: abs(border - asked.sector), default=asked.sector)


def _nearest(wanted: Span, starts: Span, ends: Span, *, grain: int) -> Span | None:
    """Return the nearest span that begins and ends in these, on multiples of a grain."""
    last_end = _aligned(ends.last, ends, -1 % grain, grain)
    if last_end is None:
        return None
    start = _aligned(wanted.first, replace(starts, last=min(starts.last, last_end)), 0, grain)
    if start is None:
        return None
    end = _aligned(wanted.last, replace(ends, first=max(ends.first, start)), -1 % grain, grain)
    return None if end is None else Span(start, end)


def _aligned(sector: int, within: Span, remainder: int, grain: int) -> int | None:
    """Return the sector with a remainder that is nearest; None if none is `within`."""
    lowest = within.first + (remainder - within.first) % grain
    highest = within.last - (within.last - remainder) % grain
    if lowest > highest:
        return None
    down = sector - (sector - remainder) % grain
    up = down if down == sector else down + grain
    near = [min(max(place, lowest), highest) for place in (down, up)]
    return min(near, key=lambda place: abs(place - sector))
