"""Turns the layout operations into places on the disk and UUIDs.

UUIDs are derived from the recipe's name, the step's name and a seed, so that the same recipe
always has the same ones, and a change to one step does not change those of the others.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, TypeVar

from vmdsl.errors import Problem
from vmdsl.language.handles import (
    Disk,
    Extended,
    Filesystem,
    Gpt,
    Mounted,
    Msdos,
    Partition,
    Subvolume,
    SwapFile,
    Table,
    VolumeGroup,
    partitions_below,
    size_limits,
    uuid_from,
)
from vmdsl.language.layout import (
    COMPRESSION,
    FilesystemLayout,
    Layout,
    MountLayout,
    PartitionLayout,
    SwapFileLayout,
)
from vmdsl.language.operation import Operation, origin_of, problem_in, shown_name, shown_with_line
from vmdsl.language.partition_types import type_code
from vmdsl.plan.extents import (
    ALIGNMENT,
    AnyPartition,
    LogicalPlaces,
    Place,
    Places,
    open_partitions,
    round_up_to_mib,
    size_for,
)
from vmdsl.plan.lay_out_volumes import Volumes, moved, size_below
from vmdsl.values import Size

_NAMESPACE = uuid.UUID("7ed36ae8-0c5b-5e4b-8d66-8f9b1bd9a5d7")
_MOST_PRIMARIES = 4
_MOST_PARTITIONS = 128  # of a GPT

_T = TypeVar("_T", bound=Operation)


def lay_out(
    operations: Sequence[Operation], *, recipe: str, seed: str
) -> tuple[Layout | None, list[Problem]]:
    """Place everything, and return all mistakes. Without a disk the layout is None."""
    disks = _all(operations, Disk)
    tables = _all(operations, Table)
    if not disks:
        return None, []
    disk = disks[0]
    problems = [
        problem_in(
            other,
            f"a second image beside {shown_name(disk)}",
            "a recipe makes one image",
            code="only-one",
        )
        for other in disks[1:]
    ]
    problems += [
        problem_in(
            other,
            f"a second partition table on {shown_name(disk)}",
            f"use {tables[0].name}()",
            code="only-one",
        )
        for other in tables[1:]
        if other.disk is disk  # else the disk is the mistake
    ]
    table = tables[0] if tables else None
    ids = _Ids(recipe, seed)
    label = ids.of(disk, "table")
    if isinstance(table, Gpt | Msdos) and table.disk_id:
        label = _disk_id(table)
    partitions: list[PartitionLayout] = []
    size = disk.size.bytes if disk.size is not None else 0
    if isinstance(table, Gpt | Msdos):
        mine = [o for o in operations if isinstance(o, Partition | Extended) and o.table is table]
        physical = _physical(operations)
        partitions, size, wrong = _place(disk, table, mine, ids, label=label, physical=physical)
        problems += wrong
    growing = _growing(partitions) if disk.size is None else []
    volumes = Volumes(operations, partitions, ids.of, growing)
    problems += volumes.problems
    subvolumes = _all(operations, Subvolume)
    filesystems = [
        FilesystemLayout(
            filesystem=filesystem,
            device=volumes.places[id(filesystem.device)],
            uuid=filesystem.uuid or uuid_from(filesystem, ids.of(filesystem, "filesystem")),
            hash_seed=str(ids.of(filesystem, "hash seed")),
            subvolumes=tuple(s for s in subvolumes if s.filesystem is filesystem),
            compression=_compression(filesystem, _all(operations, Mounted)),
        )
        for filesystem in _all(operations, Filesystem)
        if id(filesystem.device) in volumes.places
    ]
    of_a_size = [
        f for f in filesystems if not set(partitions_below(f.filesystem.device)) & {*growing}
    ]
    problems += [problem for f in of_a_size if (problem := _wrong_size(f)) is not None]
    by_filesystem = {id(f.filesystem): f for f in filesystems}
    mounts = [
        MountLayout(mounted=m, filesystem=by_filesystem[id(m.filesystem)], path=m.path)
        for m in _all(operations, Mounted)
        if id(m.filesystem) in by_filesystem
    ]
    layout = Layout(
        disk=disk,
        size=size,
        open=growing[0] if growing else None,
        table=table if isinstance(table, Gpt | Msdos) else None,
        label_id=str(label).upper() if isinstance(table, Gpt) else f"0x{_first_32_bits(label):08x}",
        partitions=tuple(partitions),
        filesystems=tuple(filesystems),
        mounts=tuple(mounts),
        luks=tuple(volumes.luks),
        groups=tuple(volumes.groups),
        volumes=tuple(volumes.volumes),
        swap_files=tuple(
            SwapFileLayout(swap_file=file, uuid=file.uuid or str(ids.of(file, "swap file")))
            for file in _all(operations, SwapFile)
        ),
    )
    if layout.open is not None and layout.groups and not problems:
        return _grown(layout, _least(disk))
    return layout, problems


def _all(operations: Sequence[Operation], kind: type[_T]) -> list[_T]:
    return [operation for operation in operations if isinstance(operation, kind)]


def _compression(filesystem: Filesystem, mounts: Sequence[Mounted[Any]]) -> str:
    """Return how the mounts of a filesystem compress files, or "" if they don't."""
    options = [option for m in mounts if m.filesystem is filesystem for option in m.options]
    asked = (option.partition("=") for option in options)
    values = (value or "zlib" for name, _, value in asked if name in COMPRESSION)
    return next((value for value in values if value not in {"no", "none"}), "")


def _growing(partitions: Sequence[PartitionLayout]) -> list[Partition]:
    """Return the partitions that grow with their content, on a disk that does."""
    return open_partitions([p.partition for p in partitions if isinstance(p.partition, Partition)])


def _disk_id(table: Gpt | Msdos) -> uuid.UUID:
    """Return the id of the disk of an image that existed before; of an MBR as the first 32 bits."""
    if isinstance(table, Gpt):
        return uuid.UUID(table.disk_id)
    return uuid.UUID(int=int(table.disk_id, 16) << 96)


class _Ids:
    """UUIDs by step and purpose; the second of a kind in a step gets a number."""

    def __init__(self, recipe: str, seed: str) -> None:
        self._prefix = f"{recipe}\n{seed}"
        self._count: Counter[tuple[str, str]] = Counter()

    def of(self, operation: Operation, purpose: str) -> uuid.UUID:
        key = (operation.name, purpose)
        self._count[key] += 1
        return uuid.uuid5(_NAMESPACE, f"{self._prefix}\n{key[0]}\n{key[1]}\n{self._count[key]}")


def _first_32_bits(identifier: uuid.UUID) -> int:
    return identifier.int >> 96


def _wrong_size(filesystem: FilesystemLayout) -> Problem | None:
    """Report a filesystem on a device that is too small or too large for it."""
    size, made = filesystem.device.size, filesystem.filesystem
    limits = size_limits(made, size)
    if size <= 0 or (limits.least <= size and (not limits.most or size <= limits.most)):
        return None
    device = made.device
    what = "partition" if isinstance(device, Partition) else "device"
    change = "enlarge" if size < limits.least else "make it smaller:"
    if size < limits.least:
        bound = f"{Size(limits.least)} at least"
    elif limits.most % ALIGNMENT:
        bound = f"less than {Size(round_up_to_mib(limits.most))}"
    else:
        bound = f"{Size(limits.most)} at most"
    return problem_in(
        made,
        f"{limits.name} takes {bound}, and the {what} {shown_name(device)} has {Size(size)}",
        f"{change} the {what} ({origin_of(device).where}){limits.otherwise}",
        about="device",
        code="too-small",
    )


def _physical(operations: Sequence[Operation]) -> set[int]:
    """Return the ids of the handles of devices that are in volume groups."""
    return {id(one) for group in _all(operations, VolumeGroup) for one in group.devices}


def _place(
    disk: Disk,
    table: Gpt | Msdos,
    partitions: list[AnyPartition],
    ids: _Ids,
    *,
    label: uuid.UUID,
    physical: Collection[int],
) -> tuple[list[PartitionLayout], int, list[Problem]]:
    """Give every partition its number, place, UUID and type, and the disk its size.

    A partition that is told no type, and whose handle is among `physical`, has that of LVM.
    """
    is_gpt = isinstance(table, Gpt)
    primary = [p for p in partitions if isinstance(p, Extended) or p.extended is None]
    problems = _too_many(table, primary)
    places, size, wrong = _places(disk, table, primary)
    problems += wrong
    found = {id(p): (n, q) for p, n, q in zip(primary, _numbers(primary, 1), places, strict=True)}
    for extended in [p for p in primary if isinstance(p, Extended)]:
        inside = [p for p in partitions if isinstance(p, Partition) and p.extended is extended]
        finder = LogicalPlaces(extended, found[id(extended)][1], size=size)
        places, misplaced = finder.find(inside)
        problems += [] if wrong else misplaced
        numbers = _numbers(inside, _MOST_PRIMARIES + 1)
        found |= {id(p): (n, q) for p, n, q in zip(inside, numbers, places, strict=True)}
    placed = []
    for partition in partitions:
        number, place = found[id(partition)]
        is_physical = id(partition) in physical and partition.type == "linux"
        kind = "lvm" if is_physical else partition.type
        code = type_code(kind, gpt=is_gpt)
        if not code:
            problems.append(
                problem_in(
                    partition,
                    f"an MBR has no partitions of type {partition.type}",
                    code="table-kind",
                )
            )
        identifier = ids.of(partition, "partition")
        if isinstance(partition, Partition) and partition.uuid:
            identifier = uuid.UUID(partition.uuid)
        placed.append(
            PartitionLayout(
                partition=partition,
                number=number,
                start=place.start,
                size=max(place.end - place.start, 0),
                uuid=str(identifier) if is_gpt else f"{_first_32_bits(label):08x}-{number:02x}",
                type=kind,
                type_code=code,
            )
        )
    return placed, size, problems


def _numbers(partitions: Sequence[AnyPartition], first: int) -> list[int]:
    """Return the number of each partition: its own, or the first one that is free."""
    taken = {p.number for p in partitions}
    free = (number for number in count(first) if number not in taken)
    return [next(free) if p.number is None else p.number for p in partitions]


def _too_many(table: Gpt | Msdos, primary: Sequence[AnyPartition]) -> list[Problem]:
    """Report partitions that there is no number for, and a second extended partition."""
    is_gpt = isinstance(table, Gpt)
    most = _MOST_PARTITIONS if is_gpt else _MOST_PRIMARIES
    problems = []
    if len(primary) > most:
        hint = "make fewer"
        if not is_gpt:
            hint = "an MBR has room for four: use a GPT, or put it into an extended one"
        problems.append(
            problem_in(
                primary[most],
                f"partition {most + 1} on the {table.kind} {shown_name(table)}",
                hint,
                code="table-kind",
            )
        )
    extended = [p for p in primary if isinstance(p, Extended)]
    return problems + [
        problem_in(
            other,
            f"a second extended partition beside {shown_with_line(extended[0])}",
            "an MBR has one, for all logical partitions",
            code="only-one",
        )
        for other in extended[1:]
    ]


def _places(
    disk: Disk, table: Gpt | Msdos, partitions: list[AnyPartition]
) -> tuple[list[Place], int, list[Problem]]:
    if disk.size is not None:
        size = disk.size.bytes
        finder = Places(table, size=size)
        places, problems = finder.find(partitions)
        if not finder.has_room:
            what = f"an image of {disk.size} has no room for a {table.kind} partition table"
            problems = [problem_in(disk, what, "make it larger", code="too-small")]
        return places, size, problems
    places, problems = Places(table, size=None, rest=_least(disk)).find(partitions)
    return places, size_for(table, places), problems or _not_growing(partitions)


def _least(disk: Disk) -> int:
    """Return the least size of the filesystem that grows with its content."""
    return max(round_up_to_mib(disk.free.bytes if disk.free else 0), ALIGNMENT)


def _not_growing(partitions: list[AnyPartition]) -> list[Problem]:
    """Report what prevents a partition from growing with its content."""
    growing = open_partitions(partitions)
    if not growing:
        return []
    first, *others = growing
    problems = [
        problem_in(
            other,
            f"a second partition without a size beside {shown_with_line(first)}",
            "give it one: with free= one partition grows",
            code="only-one",
        )
        for other in others
    ]
    behind = partitions[partitions.index(first) + 1 :]
    return problems + [
        problem_in(
            other,
            f"it starts at {other.start}, but is behind {shown_with_line(first)}, "
            "which grows with its content",
            "leave out start=, or put it before that one",
            code="grows-with-content",
        )
        for other in behind
        if other.start is not None
    ]


def with_size(layout: Layout, size: int) -> tuple[Layout, list[Problem]]:
    """Return the layout with a size for the filesystem that grows, and what then doesn't fit.

    The size is in bytes, and what it is on gets as much as that takes.
    """
    grown, problems = _grown(layout, size)
    return replace(grown, open=None), problems


def _grown(layout: Layout, size: int) -> tuple[Layout, list[Problem]]:
    """Return the layout with a size for the filesystem that grows; it may still become larger."""
    assert layout.table is not None  # noqa: S101 (what is open is a partition)
    open_ = next((f.device for f in layout.filesystems if layout.is_open(f.device)), None)
    rest = size_below(layout, open_, size) if open_ is not None else size
    partitions = [p.partition for p in layout.partitions]
    finder = Places(layout.table, size=None, rest=round_up_to_mib(rest))
    places, problems = finder.find(partitions)
    placed = [
        replace(old, start=place.start, size=place.end - place.start)
        for old, place in zip(layout.partitions, places, strict=True)
    ]
    return replace(moved(layout, placed), size=size_for(layout.table, places)), problems
