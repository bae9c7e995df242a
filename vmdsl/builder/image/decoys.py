"""Decoys: files in place of the image while the tree is made, for scripts that write to both.

A decoy has the image's size and its partition table, and nothing else. What a script writes to
it is kept until the image is made, and may be nothing but what is in no partition.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from vmdsl.builder.image.sparse import copy_data, data
from vmdsl.builder.image.table import write_table
from vmdsl.builder.sandbox.children import end_everything
from vmdsl.errors import BuildError, Hint, Problem, code
from vmdsl.language.layout import Layout, Span, in_the_way, partition_spans, table_spans
from vmdsl.language.operation import Operation, origin_of

_BLOCK = 2**20
_TABLE_HINT = Hint(
    "partitions say what is in it, and it was written before this script started",
    *("; to change it afterwards, use ", code("image_shell", table=True)),
)
_PARTITION_HINT = Hint(
    "what is in a partition is made of $ROOT, after this",
    *("; to change it then, use ", code("image_shell", partitions=None)),
)


class Decoys:
    """The decoys of one build, in files of `directory`, and the data written to them."""

    def __init__(self, directory: Path, log: int) -> None:
        self._directory = directory
        self._log = log
        self._written: list[tuple[int, Span]] = []
        self._count = 0

    @contextmanager
    def lend(self, operation: Operation, layout: Layout, epoch: int) -> Iterator[Path]:
        """Lend a decoy to one operation. Raises BuildError if it was misused."""
        self._count += 1
        path = self._directory / f"image-{self._count}"
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        write_table(file, layout, epoch=epoch, log=self._log)
        before = _table(file, layout)
        yield path
        end_everything()  # what it has left running must not write later
        if not path.is_file() or not os.path.samestat(path.lstat(), os.fstat(file)):
            raise BuildError(
                Problem(
                    what="it has removed $IMAGE", hint="write to it in place", code="image-script"
                )
            )
        path.unlink()
        _check(file, layout, before)
        where = origin_of(operation).where
        for start, end in _between_partitions(file, layout):
            wrote = Span(start=start, end=end, what="the bytes that it wrote to the image")
            if problem := in_the_way(wrote, (span for _, span in self._written), layout.size):
                raise BuildError(problem)
            self._written.append((file, Span(start=start, end=end, what=f"what {where} wrote")))

    def copy_to(self, image: int) -> list[Span]:
        """Write the data to the image itself. Returns the places that were written to."""
        for file, span in self._written:
            copy_data(file, image, start=span.start, size=span.end)
        return [span for _, span in self._written]


def _table(file: int, layout: Layout) -> dict[Span, bytes]:
    spans = table_spans(layout)
    return {span: os.pread(file, span.end - span.start, span.start) for span in spans}


def _check(file: int, layout: Layout, before: dict[Span, bytes]) -> None:
    """Raise BuildError if anything has changed that a script may not change."""
    if (size := os.fstat(file).st_size) != layout.size:
        what = f"it has made the image {size} bytes large, which is one of {layout.size} bytes"
        hint = "dd cuts it off without conv=notrunc" if size < layout.size else "end before that"
        raise BuildError(Problem(what=what, hint=hint, code="image-script"))
    problems = []
    after = _table(file, layout)
    for span, old in before.items():
        if after[span] != old:
            pairs = enumerate(zip(old, after[span], strict=True))
            first = span.start + next(number for number, (one, other) in pairs if one != other)
            what = f"it has written to byte {first} of the image, where {span.what} is"
            problems.append(Problem(what=what, hint=_TABLE_HINT, code="image-script"))
    for span in partition_spans(layout):
        for start, end in data(file, span.start, span.end):
            if (byte := _first(file, start, end)) is not None:
                what = f"it has written to byte {byte} of the image, where {span.what} is"
                problems.append(Problem(what=what, hint=_PARTITION_HINT, code="image-script"))
                break
    if problems:
        raise BuildError(*problems)


def _between_partitions(file: int, layout: Layout) -> Iterator[tuple[int, int]]:
    """Yield each place outside the partitions and the table that was written to, zeros stripped."""
    for start, end in _gaps([*table_spans(layout), *partition_spans(layout)], layout.size):
        for begin, hole in data(file, start, end):
            first = _first(file, begin, hole)
            if first is not None:
                yield first, _behind_last(file, first, hole)


def _gaps(spans: Iterable[Span], size: int) -> Iterator[tuple[int, int]]:
    position = 0
    for span in sorted(spans, key=lambda span: span.start):
        if position < span.start:
            yield position, span.start
        position = max(position, span.end)
    if position < size:
        yield position, size


def _first(file: int, start: int, end: int) -> int | None:
    """Return the offset of the first byte that isn't zero, or None."""
    for position in range(start, end, _BLOCK):
        block = os.pread(file, min(_BLOCK, end - position), position)
        if found := block.lstrip(b"\0"):
            return position + len(block) - len(found)
    return None


def _behind_last(file: int, start: int, end: int) -> int:
    """Return the offset behind the last byte that isn't zero, or `start`."""
    for position in reversed(range(start, end, _BLOCK)):
        block = os.pread(file, min(_BLOCK, end - position), position)
        if found := block.rstrip(b"\0"):
            return position + len(found)
    return start
