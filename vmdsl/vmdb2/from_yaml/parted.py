"""Where parted puts partitions: nearest to the places that are asked for, beside those before.

A place in %, MB and the like may be moved by up to half a unit. Within that, parted first takes the
place where another partition ends, then whole MiB if start and end can both have them, and else
the sectors that are free.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from vmdsl.language.layout import LOGICAL_GAP
from vmdsl.values import SECTOR

_PLACE = re.compile(r"(-?\d+\.?\d*)\s*([a-z%]*)", re.IGNORECASE | re.ASCII)
_DECIMAL = {"k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_BINARY = {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
#: Behind these, written just so, an end is where the next partition may begin.
EXCLUSIVE = ("kiB", "MiB", "GiB", "TiB")
_GRAIN = 2**20 // SECTOR
#: Sectors of a track and of a cylinder, as parted counts them in a file.
_TRACK = 32
_CYLINDER = 4 * _TRACK
#: A text with two signs is cylinder, head and sector for parted, even `-50%` and `1.5%`.
_OF_CYLINDERS = 2


_SMALLER = {
    "": ("k", 1000),
    "m": ("k", 1000),
    "g": ("M", 1000),
    "t": ("G", 1000),
    "mi": ("KiB", 1024),
    "gi": ("MiB", 1024),
    "ti": ("GiB", 1024),
}


def not_taken(text: str, size: int) -> str:
    """Return the hint about a place that parted refuses for how it is written, or "".

    `size` is that of the image, in bytes, or 0 if it is not known.
    """
    found = _PLACE.fullmatch(text.strip())
    if found is None:
        return ""  # which is not a place anywhere
    number, unit = found.groups()
    fraction, letter = Fraction(number), unit.lower().removesuffix("b")
    if text.strip() != number + unit:
        return f"without the space: {number}{unit}"
    is_small = 0 < fraction < 1 and letter not in {"s", "%"}
    if len(re.findall(r"[-.%]", number + unit)) < _OF_CYLINDERS and not is_small:
        return ""
    if fraction == int(fraction) and not (unit == "%" and fraction < 0):
        return f"without the point: {int(fraction)}{unit}"
    if unit == "%":
        places = fraction / 100 * size + (size if fraction < 0 else 0)
        exact = f": {round(places / 2**20)}MiB" if size else ""
        return f"parted takes whole percents from 0% to 100%; or write it in MiB{exact}"
    smaller, factor = _SMALLER.get(letter, ("", 0))
    return f"in a smaller unit: {round(fraction * factor)}{smaller}" if smaller else "in whole ones"


@dataclass(frozen=True)
class Span:
    """Sectors from `first` to `last`, both included."""

    first: int
    last: int

    def __bool__(self) -> bool:
        return self.first <= self.last

    def __contains__(self, sector: int) -> bool:
        return self.first <= sector <= self.last

    def within(self, other: Span) -> Span:
        """Return the part that is in another span, too; it is empty if `first` is behind `last`."""
        return Span(max(self.first, other.first), min(self.last, other.last))


_NOTHING = Span(0, -1)


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
    extended: Span | None = None
    #: The logical partitions, in the order in which they were made, which is that of their numbers.
    _logical: list[Span] = field(default_factory=list)

    def add(self, start: str, end: str, kind: str = "primary") -> Span | None:
        """Add the partition that parted makes, and return its sectors; None if it refuses.

        `kind` is `primary`, `extended` or `logical`; all partitions of a GPT are primary.
        """
        found = self.find(start, end, kind)
        if found is not None and kind == "logical":
            self._logical.append(found)
        elif found is not None:
            self._taken = sorted((*self._taken, found), key=lambda span: span.first)
            self.extended = found if kind == "extended" else self.extended
        return found

    def usual_start(self, logical: Span) -> int:
        """Return the sector where vmdsl lets a logical partition begin if no start is given."""
        least = self.extended.first + 1 if self.extended else 0
        others = [span.last + 1 for span in self._logical if span != logical]
        behind = max(others, default=-LOGICAL_GAP) + LOGICAL_GAP // SECTOR
        return -(-max(least, behind) // _GRAIN) * _GRAIN

    def is_close(self, logical: Span) -> bool:
        """Return whether a logical partition has less than a MiB between it and one before it."""
        gaps = [logical.first - span.last - 1 for span in self._logical]
        return any(0 <= gap < LOGICAL_GAP // SECTOR for gap in gaps)

    def find(self, start: str, end: str, kind: str) -> Span | None:
        """Return the sectors of a partition that is not added; None if parted refuses it."""
        if (self.extended is None) is (kind == "logical") and kind != "primary":
            return None
        first, last = self._asked(start), self._asked(end)
        if first is None or last is None:
            return None
        if end.strip().endswith(EXCLUSIVE) and first.sector != last.sector:
            inner = Span(last.range.first - 1, last.range.last - 1)
            last = _Asked(last.sector - 1, inner)
        if last.sector < first.sector:
            return None
        wanted = self._snapped(first, last)
        room = self._logical_room(wanted) if kind == "logical" else self._room(wanted)
        if not room:
            return None
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
        """Yield the spans of the tables, partitions and free room, in order."""
        behind = self._sectors - 33
        tables = [Span(0, 33), Span(behind, self._sectors - 1)] if self.is_gpt else [Span(0, 0)]
        for span in _with_gaps((*tables, *self._taken), Span(0, self._sectors - 1)):
            if span == self.extended:
                yield from _with_gaps(self._logical_tables(span), span)
            else:
                yield span

    def _logical_tables(self, extended: Span) -> list[Span]:
        """Return the logical partitions, and the room that parted gives to their tables."""
        spans = sorted(self._logical, key=lambda span: span.first)
        for number, span in enumerate(self._logical):
            before = max((s.last for s in spans if s.last < span.first), default=extended.first)
            last = span.first - 1
            table = Span(max(last - last % _CYLINDER, before + 1), last)
            if number or last - table.first + 1 >= _TRACK:
                spans.append(table)
        least = min((span.first for span in spans if span), default=extended.last + 1)
        first = Span(extended.first, min(extended.first + _TRACK, least) - 1)
        return [span for span in (first, *spans) if span]

    def _room(self, wanted: Span) -> Span:
        """Return the room between the partitions before and after a place; it may be empty."""
        first, last = 0, self._sectors - 1
        for span in self._taken:
            if not (span.first < wanted.first or first >= span.first):
                last = span.first - 1
                break
            first = span.last + 1
        usable = Span(34, self._sectors - 34) if self.is_gpt else Span(1, self._sectors - 1)
        return Span(first, last).within(usable) if first < last else _NOTHING

    def _logical_room(self, wanted: Span) -> Span:
        """Return the room between logical partitions and their tables; it may be empty.

        Each has a table of a sector before it, but for the first one, whose table is where the
        extended partition begins.
        """
        assert self.extended is not None  # noqa: S101 (add() asks)
        table = int(bool(self._logical))
        first, last = self.extended.first + 1 + table, self.extended.last
        numbered = sorted(enumerate(self._logical), key=lambda pair: pair[1].first)
        for number, span in numbered:
            start = span.first - bool(number)
            if not (start < wanted.first - table or start <= first):
                last = start - 1
                break
            first = span.last + 1 + table
        return Span(first, last) if first < last else _NOTHING


def _with_gaps(spans: Sequence[Span], within: Span) -> Iterator[Span]:
    """Yield spans in order, and those between them."""
    next_free = within.first
    for span in sorted(spans, key=lambda span: span.first):
        if span.first > next_free:
            yield Span(next_free, span.first - 1)
        yield span
        next_free = span.last + 1
    if next_free <= within.last:
        yield Span(next_free, within.last)


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
