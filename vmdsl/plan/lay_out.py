"""From the layout operations to places on the disk and UUIDs: arithmetic, and nothing else.

UUIDs are derived from the recipe's name, the step's name and a seed, so that the same recipe
always gives the same ones, and a change elsewhere in it changes none.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from vmdsl.errors import Problem
from vmdsl.language.handles import Disk, Filesystem, Gpt, Mounted, Msdos, Partition, Table, Vfat
from vmdsl.language.layout import (
    SECTOR,
    FilesystemLayout,
    Layout,
    MountLayout,
    PartitionLayout,
)
from vmdsl.language.operations import Operation
from vmdsl.values import Size

ALIGNMENT = 2**20
_GPT_RESERVE = 33 * SECTOR  # the second copy of the table, at the disk's end
_NAMESPACE = uuid.UUID("7ed36ae8-0c5b-5e4b-8d66-8f9b1bd9a5d7")
_MOST_PRIMARIES = 4
_MOST_PARTITIONS = 128  # of a GPT
_MBR_REACH = 2**32 * SECTOR

TYPE_CODES = {
    "linux": ("0FC63DAF-8483-4772-8E79-3D69D8477DE4", "83"),
    "esp": ("C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "ef"),
    "bios-boot": ("21686148-6449-6E6F-744E-656564454649", ""),
    "swap": ("0657FD6D-A4AB-43C4-84E5-0933C84B4F4F", "82"),
    "fat": ("EBD0A0A2-B9E5-4433-87C0-68B6B72699C7", "0c"),
    "home": ("933AC7E1-2EB4-4F13-B844-0E14E2AEF915", "83"),
    "prep": ("9E1A2D38-C612-4316-AA26-8B49521E5A8B", "41"),
}

#: The smallest filesystems that the tools make, in bytes.
LEAST = {"xfs": 300 * 2**20, "btrfs": 110 * 2**20, "f2fs": 52 * 2**20}

_T = TypeVar("_T", bound=Operation)


def lay_out(
    operations: Sequence[Operation], *, recipe: str, seed: str
) -> tuple[Layout | None, list[Problem]]:
    """Place everything. There is no layout where the disk itself is missing."""
    disks = _all(operations, Disk)
    tables = _all(operations, Table)
    if not disks:
        return None, []
    disk = disks[0]
    problems = [
        other.problem(f"a second image beside {disk.name}", "a recipe makes one image")
        for other in disks[1:]
    ]
    problems += [
        other.problem(f"a second partition table on {disk.name}", f"use {tables[0].name}()")
        for other in tables[1:]
    ]
    table = tables[0] if tables else None
    ids = _Ids(recipe, seed)
    label = ids.of(disk, "table")
    partitions: list[PartitionLayout] = []
    if isinstance(table, Gpt | Msdos):
        mine = [p for p in _all(operations, Partition) if p.table is table]
        partitions, wrong = _place(disk, table, mine, ids, label)
        problems += wrong
    by_partition = {id(p.partition): p for p in partitions}
    filesystems = [
        FilesystemLayout(
            filesystem=filesystem,
            partition=by_partition[id(filesystem.partition)],
            uuid=_uuid(filesystem, ids.of(filesystem, "filesystem")),
            hash_seed=str(ids.of(filesystem, "hash seed")),
        )
        for filesystem in _all(operations, Filesystem)
        if id(filesystem.partition) in by_partition
    ]
    problems += [problem for f in filesystems if (problem := _too_small(f)) is not None]
    by_filesystem = {id(f.filesystem): f for f in filesystems}
    mounts = [
        MountLayout(mounted=m, filesystem=by_filesystem[id(m.filesystem)], path=m.path)
        for m in _all(operations, Mounted)
        if id(m.filesystem) in by_filesystem
    ]
    layout = Layout(
        disk=disk,
        table=table if isinstance(table, Gpt | Msdos) else None,
        label_id=str(label).upper() if isinstance(table, Gpt) else f"0x{_first_32_bits(label):08x}",
        partitions=tuple(partitions),
        filesystems=tuple(filesystems),
        mounts=tuple(mounts),
    )
    return layout, problems


def _all(operations: Sequence[Operation], kind: type[_T]) -> list[_T]:
    return [operation for operation in operations if isinstance(operation, kind)]


class _Ids:
    """UUIDs by step and purpose; the second of its kind in a step gets a number."""

    def __init__(self, recipe: str, seed: str) -> None:
        self._prefix = f"{recipe}\n{seed}"
        self._count: Counter[tuple[str, str]] = Counter()

    def of(self, operation: Operation, purpose: str) -> uuid.UUID:
        key = (operation.name, purpose)
        self._count[key] += 1
        return uuid.uuid5(_NAMESPACE, f"{self._prefix}\n{key[0]}\n{key[1]}\n{self._count[key]}")


def _first_32_bits(identifier: uuid.UUID) -> int:
    return identifier.int >> 96


def _too_small(filesystem: FilesystemLayout) -> Problem | None:
    least = LEAST.get(filesystem.filesystem.kind, 0)
    partition = filesystem.partition
    if not 0 < partition.size < least:
        return None
    return filesystem.filesystem.problem(
        f"{filesystem.filesystem.kind} takes {Size(least)} at least, and the partition "
        f"{partition.partition.name} has {Size(partition.size)}",
        f"enlarge the partition ({partition.partition.origin.where})",
    )


def _uuid(filesystem: Filesystem, derived: uuid.UUID) -> str:
    if filesystem.uuid:
        return filesystem.uuid
    return _fat_id(derived) if isinstance(filesystem, Vfat) else str(derived)


def _fat_id(identifier: uuid.UUID) -> str:
    text = f"{_first_32_bits(identifier):08X}"
    return f"{text[:4]}-{text[4:]}"


def _up(offset: int) -> int:
    return -(-offset // ALIGNMENT) * ALIGNMENT


def _place(
    disk: Disk, table: Gpt | Msdos, partitions: list[Partition], ids: _Ids, label: uuid.UUID
) -> tuple[list[PartitionLayout], list[Problem]]:
    """Give every partition its place, in order. One without an end takes what the others leave."""
    is_gpt = isinstance(table, Gpt)
    limit = disk.size.bytes - (_GPT_RESERVE if is_gpt else 0)
    problems = []
    most = _MOST_PARTITIONS if is_gpt else _MOST_PRIMARIES
    if len(partitions) > most:
        hint = "make fewer" if is_gpt else "an MBR has room for four; use mkgpt"
        problems.append(
            partitions[most].problem(f"partition {most + 1} on the {table.kind} {table.name}", hint)
        )
    placed: list[PartitionLayout] = []
    cursor = ALIGNMENT
    for index, partition in enumerate(partitions):
        start = _up(cursor if partition.start is None else partition.start.bytes)
        end = _end(partition, start, partitions[index + 1 :], limit)
        code = TYPE_CODES[partition.type][0 if is_gpt else 1]
        if not code:
            problems.append(partition.problem(f"an MBR has no partitions of type {partition.type}"))
        problems += _misplaced(partition, start, end, limit, placed)
        if not is_gpt and end > _MBR_REACH:
            problems.append(
                partition.problem(
                    f"it ends at {Size(end)}, and an MBR reaches no farther than 2 TiB", "use mkgpt"
                )
            )
        identifier = ids.of(partition, "partition")
        number = index + 1
        placed.append(
            PartitionLayout(
                partition=partition,
                number=number,
                start=start,
                size=max(end - start, 0),
                uuid=str(identifier) if is_gpt else f"{_first_32_bits(label):08x}-{number:02}",
                type_code=code,
            )
        )
        cursor = max(cursor, end)
    return placed, problems


def _end(partition: Partition, start: int, following: list[Partition], limit: int) -> int:
    if partition.size is not None:
        return start + partition.size.bytes
    if partition.end is not None:
        return partition.end.bytes
    behind = 0
    for other in following:
        if other.start is not None:
            limit = min(limit, other.start.bytes)
            break
        if other.size is None:
            break
        behind += _up(other.size.bytes)
    return (limit - behind) // ALIGNMENT * ALIGNMENT


def _misplaced(
    partition: Partition, start: int, end: int, limit: int, placed: list[PartitionLayout]
) -> list[Problem]:
    problems = []
    if start < ALIGNMENT:
        problems.append(
            partition.problem(
                f"it starts at {Size(start)}, where the partition table is",
                "start at MiB(1) or later",
            )
        )
    if end > limit or end <= start:
        rest = next(
            (p.partition for p in placed if p.partition.size is p.partition.end is None), None
        )
        hint = f"{rest.name} takes all that is left" if rest else "make the image larger"
        room = Size(limit // ALIGNMENT * ALIGNMENT)
        if end <= start:
            what = f"no room is left for it: it starts at {Size(start)} of {room}"
        else:
            what = f"it ends at {Size(end)} and does not fit: there is room up to {room}"
        problems.append(partition.problem(what, hint))
    problems += [
        partition.problem(
            f"it overlaps the partition {other.partition.name} "
            f"({other.partition.origin.where}): {Size(other.start)} to {Size(other.end)}",
            f"start it at {Size(_up(other.end))} or later",
        )
        for other in placed
        if start < other.end and other.start < end
    ]
    return problems
