"""Disks that start from an image that is there, with its table and partitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

from vmdsl.errors import Hint, Problem, code
from vmdsl.existing.source import Source
from vmdsl.existing.tables import FoundPartition
from vmdsl.language.effects import Image, ImageOperation, TreeOperation
from vmdsl.language.handles import (
    Disk,
    Extended,
    Filesystem,
    Gpt,
    Mounted,
    Msdos,
    Partition,
    image_of,
)
from vmdsl.language.layout import Layout, table_spans
from vmdsl.language.operation import (
    Operation,
    code_of,
    operation,
    problem_in,
    record,
    refuse,
)
from vmdsl.language.partition_types import CODES, GPT_BITS, GPT_FLAGS
from vmdsl.operations.disk.existing import ExistingFiles, image_in_recipe, reading
from vmdsl.values import Size

#: The bits of flags that sfdisk has names for.
_FIRST_BITS = {"required": 0, "no-block-io": 1, "legacy-boot": 2}
_PIECE = 2**24


@operation
class StartFromImage(ImageOperation):
    """The parts of the image that a disk starts from that no filesystem of the recipe replaces.

    They are the code of boot loaders before the partitions, and partitions that no step takes.
    """

    writes_first = True

    disk: Disk
    image: Path

    def summary(self) -> str:
        return f"copy what is kept of {self.image}"

    def local_files(self) -> tuple[Path, ...]:
        return (self.image,)

    def check_plan(self, operations: Sequence[Operation], *, complete: bool) -> Iterator[Problem]:
        """Report a root filesystem whose files nothing takes, and partitions that cannot grow."""
        filled = {
            id(o.root)
            for o in operations
            if isinstance(o, TreeOperation) and o.fills_tree and not isinstance(o, ExistingFiles)
        }
        used = {id(o.device) for o in operations if isinstance(o, Filesystem)}
        for one in operations if complete else ():
            if isinstance(one, Mounted) and one.on is None and image_of(one.filesystem):
                if id(one) not in filled:
                    yield problem_in(
                        one,
                        "the system that is on it is not taken",
                        Hint("add ", code("existing_system", code_of(one))),
                        code="existing-image",
                    )
            elif isinstance(one, Partition) and _would_grow(one) and id(one) not in used:
                yield problem_in(
                    one,
                    f"partition {one.number}, the last of {self.image}, would get another size, "
                    "and it is copied as it is",
                    "leave out the size, or take its filesystem with existing_filesystem()",
                    about="size",
                    code="existing-image",
                )

    def apply(self, image: Image) -> None:
        layout = image.tree.layout
        made = {id(f.filesystem.device) for f in layout.filesystems}
        with reading(image.tree.recipe_directory / self.image) as source:
            for start, end in _before_partitions(layout):
                for at, content in _pieces(source, start, min(end, source.size)):
                    image.write_at(at, content)
            for place in layout.partitions:
                kept = place.partition
                if isinstance(kept, Partition) and kept.number is not None and id(kept) not in made:
                    for at, content in _pieces(source, place.start, place.end):
                        image.write_at(at - place.start, content, within=kept)


def _would_grow(partition: Partition) -> bool:
    """Return whether a partition of an image gets another size."""
    return partition.number is not None and partition.size is None


def _before_partitions(layout: Layout) -> Iterator[tuple[int, int]]:
    """Yield what is free of partitions and the table before the last partition starts."""
    spans = [(span.start, span.end) for span in table_spans(layout)]
    spans += [(place.start, place.end) for place in layout.partitions]
    position = 0
    for start, end in sorted(spans):
        if position < start and any(position < p.start for p in layout.partitions):
            yield position, start
        position = max(position, end)


def _pieces(source: Source, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield the bytes of a part, but for zeros at both ends of each piece, with their places."""
    for place in range(start, end, _PIECE):
        content = source.read(place, min(_PIECE, end - place)).rstrip(b"\0")
        if kept := content.lstrip(b"\0"):
            yield place + len(content) - len(kept), kept


def start_from(image: Path, size: Size | None, free: Size | None) -> Disk:
    """Record a disk that starts from an image, with its table and partitions, and return it.

    The last partition has another size if the disk has.
    """
    with image_in_recipe(image, about="from_image") as (source, table):
        there = source.size // table.sector * table.sector
    keeps_size = free is None and (size is None or size.bytes == there)
    if size is None and free is None:
        size = Size(there)
    disk = record(Disk(size=size, free=free, sector=table.sector, from_image=image))
    kind = Gpt if table.is_gpt else Msdos
    made = record(kind(disk=disk, disk_id=table.id))
    record(StartFromImage(disk=disk, image=image))
    last = max(
        (one for one in table.partitions if not one.is_extended),
        key=lambda one: one.start,
        default=None,
    )
    extended: Extended | None = None
    for one in table.partitions:
        grows = one is last and not keeps_size
        if one.is_extended and isinstance(made, Msdos):
            extended = record(
                Extended(table=made, start=Size(one.start), size=Size(one.size), number=one.number)
            )
            continue
        is_logical = extended is not None and one.number >= 5  # noqa: PLR2004 (as Linux has it)
        if is_logical and grows:
            raise refuse(
                f"another size than that of {image}, whose last partition is a logical one",
                "leave out the size: the image keeps its own",
                code="existing-image",
            )
        record(_partition(made, one, extended if is_logical else None, grows=grows))
    return disk


def _partition(
    table: Gpt | Msdos, found: FoundPartition, extended: Extended | None, *, grows: bool
) -> Partition:
    return Partition(
        table=table,
        type=_type(found.type),
        size=None if grows else Size(found.size),
        start=Size(found.start),
        label=found.label,
        flags=_flags(found.attributes) if isinstance(table, Gpt) else _active(found.attributes),
        extended=extended,
        number=found.number,
        uuid=found.uuid,
    )


def _type(kind: UUID | int) -> str | UUID | int:
    """Return the name of a type of partitions, if it has one."""
    if isinstance(kind, UUID):
        shown, place = str(kind).upper(), 0
    else:
        shown, place = f"{kind:02x}", 1
    return next((name for name, codes in CODES.items() if codes[place] == shown), kind)


def _active(attributes: int) -> tuple[str, ...]:
    return ("boot",) if attributes else ()


def _flags(attributes: int) -> tuple[str | int, ...]:
    """Return the attributes of a partition of a GPT, as mkpart() takes them."""
    named = {_bit(name): name for name in GPT_FLAGS}
    bits = sorted({*named, *GPT_BITS})
    return tuple(named.get(bit, bit) for bit in bits if attributes >> bit & 1)


def _bit(flag: str) -> int:
    if flag in _FIRST_BITS:
        return _FIRST_BITS[flag]
    return int(GPT_FLAGS[flag].removeprefix("GUID:"))
