"""Bytes of the disk: which are whose, and what may not be overwritten."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from vmdsl.language.handles import Extended, Gpt, Partition
from vmdsl.language.layout import LOGICAL_GAP, SECTOR, Layout

#: In the first sector: the disk's id, the four partitions, and the mark at the end.
_MBR_START, _MBR_END = 440, 512
_GPT_SECTORS = 33  # a header, and 128 partitions


@dataclass(frozen=True, kw_only=True)
class Span:
    """Bytes from `start` to before `end`; `what` says of whom, as in "where `what` is"."""

    start: int
    end: int
    what: str

    def overlaps(self, other: Span) -> bool:
        """Whether a byte is in both."""
        return self.start < other.end and other.start < self.end


def table_spans(layout: Layout) -> tuple[Span, ...]:
    """Where the partition table is; in a GPT, with its copy at the end of the disk."""
    if layout.table is None:
        return ()
    what = f"the partition table ({layout.table.kind})"
    spans = [Span(start=_MBR_START, end=_MBR_END, what=what), *_extended_spans(layout)]
    if isinstance(layout.table, Gpt):
        size, table = layout.size, _GPT_SECTORS * SECTOR
        spans.append(Span(start=SECTOR, end=SECTOR + table, what=what))
        spans.append(Span(start=size - table, end=size, what=f"the copy of {what}"))
    return tuple(spans)


def _extended_spans(layout: Layout) -> Iterator[Span]:
    """Where the tables of logical partitions are: the first at the start of the extended one."""
    for place in layout.partitions:
        if isinstance(place.partition, Extended):
            yield _sector(place.start)
            logical = [
                p.start
                for p in layout.partitions
                if isinstance(p.partition, Partition) and p.partition.extended is place.partition
            ]
            yield from map(_sector, (start - LOGICAL_GAP for start in logical[1:]))


def _sector(start: int) -> Span:
    return Span(start=start, end=start + SECTOR, what="the table of a logical partition")


def partition_spans(layout: Layout, *, but: Collection[Partition] = ()) -> tuple[Span, ...]:
    """Where the partitions are, but for some."""
    return tuple(
        Span(
            start=place.start,
            end=place.end,
            what=f"the partition {place.partition.name} ({place.partition.origin.where})",
        )
        for place in layout.partitions
        if not isinstance(place.partition, Extended)
        and not any(place.partition is other for other in but)
    )


def in_the_way(span: Span, others: Iterable[Span], end: int) -> str:
    """What is wrong with writing a span, where `end` is the last place; nothing if nothing is."""
    if span.end > end:
        return f"{span.what} end at byte {span.end}, and there is room up to byte {end}"
    for other in others:
        if span.overlaps(other):
            return f"{span.what} are where {other.what} is: bytes {other.start} to {other.end}"
    return ""
