"""The finished image, as operations write to it: never where something else is."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence

from vmdsl.builder.image.sparse import pieces
from vmdsl.builder.tree.tree import BuildTree
from vmdsl.errors import BuildError, Hint, Problem, code
from vmdsl.language.effects import ImageOperation
from vmdsl.language.handles import Partition
from vmdsl.language.layout import Span, in_the_way, partition_spans, table_spans

_PIECE = 2**20


class FinishedImage:
    """Image of vmdsl.language.effects, for real; one for each operation."""

    def __init__(
        self, file: int, tree: BuildTree, written: list[Span], who: ImageOperation
    ) -> None:
        self.tree = tree
        self._file = file
        self._written = written
        self._who = who

    def write_at(self, offset: int, content: bytes, *, within: Partition | None = None) -> None:
        layout = self.tree.layout
        place = layout.of_partition(within) if within else None
        start, end = (place.start, place.end) if place else (0, os.fstat(self._file).st_size)
        span = Span(
            start=start + offset, end=start + offset + len(content), what="the bytes to write"
        )
        others = [*table_spans(layout), *partition_spans(layout, but=[within] if within else [])]
        if offset < 0:
            raise BuildError(f"the offset {offset} is before the start", code="write-place")
        if problem := in_the_way(span, [*others, *self._written], end):
            raise BuildError(problem)
        written = 0
        while written < len(content):
            written += os.pwrite(self._file, content[written:], span.start + written)
        self._written.append(
            Span(start=span.start, end=span.end, what=f"what {self._who.origin.where} wrote")
        )

    def run(
        self,
        *command: str,
        env: Mapping[str, str] | None = None,
        partitions: Sequence[Partition] = (),
        table: bool = False,
    ) -> None:
        layout = self.tree.layout
        kept = [
            *([] if table else table_spans(layout)),
            *partition_spans(layout, but=partitions),
            *self._written,
        ]
        size, before = os.fstat(self._file).st_size, checksums(self._file, kept)
        # This process is the first of the sandbox and has the image open under this number. A
        # descriptor of the program's own would not reach all that it starts.
        image = f"/proc/{os.getpid()}/fd/{self._file}"
        self.tree.run(*command, env={**(env or {}), "IMAGE": image})
        if os.fstat(self._file).st_size != size:
            raise BuildError(
                f"it has changed the size of the image, which is {size} bytes", code="image-script"
            )
        after = checksums(self._file, kept)
        changed = [span for span in kept if before[span] != after[span]]
        if changed:
            hint = Hint(
                *("name the partitions that it is to change in ", code("", partitions=None)),
                *(", or add ", code("", table=True)),
            )
            raise BuildError(
                *(
                    Problem(what=f"it has changed {s.what}", hint=hint, code="image-script")
                    for s in changed
                )
            )


def checksums(file: int, spans: Iterable[Span]) -> dict[Span, str]:
    """Return a checksum of the bytes in each span; holes count as zeros."""
    return {span: _checksum(file, span) for span in spans}


def _checksum(file: int, span: Span) -> str:
    sums = hashlib.blake2b()
    for position, piece in pieces(file, span.start, span.end, _PIECE):
        sums.update(position.to_bytes(8, "big"))
        sums.update(piece)
    return sums.hexdigest()
