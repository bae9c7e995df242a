"""What must hold of the operations that write to the image itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vmdsl.errors import Problem
from vmdsl.language.effects import ImageOperation
from vmdsl.language.handles import Partition
from vmdsl.language.layout import Layout, Span, in_the_way, partition_spans, table_spans
from vmdsl.language.operation import Operation
from vmdsl.operations.scripts.image import WriteAt

_HINT = "choose another offset, or start the partition later, such as at 16 MiB"


def writes_have_room(operations: Sequence[Operation], layout: Layout) -> Iterator[Problem]:
    """What is written is on the disk, and in nobody's way, as far as that is known."""
    written: list[Span] = []
    sure = layout.of_partition(layout.open).end if layout.open else layout.size
    for operation in operations:
        if not isinstance(operation, ImageOperation):
            continue
        spans = operation.writes(layout)
        if isinstance(operation, WriteAt):
            within = operation.place if isinstance(operation.place, Partition) else None
            others = partition_spans(layout, but=[within] if within else [])
            place = layout.of_partition(within) if within else None
            end = place.end if place else layout.size
            for span in spans:
                unsure = span.start >= sure if within is None else within is layout.open
                if layout.open and unsure and span.end > sure:
                    continue  # the build looks at it, once it knows how large the image is
                known = [*table_spans(layout), *others, *written]
                if problem := in_the_way(span, known, end):
                    yield operation.problem(problem, _HINT)
        where = operation.origin.where
        written += [Span(start=s.start, end=s.end, what=f"{s.what}, {where}") for s in spans]
