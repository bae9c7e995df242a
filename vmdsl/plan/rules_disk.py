"""What must hold of the disk: its partitions, filesystems and mounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from vmdsl.errors import Problem
from vmdsl.language.grub_ieee1275 import GrubPrep
from vmdsl.language.grub_uefi import GrubUefi
from vmdsl.language.handles import Disk, Filesystem, Mounted, Msdos, Partition, RootFs, Swap, Vfat
from vmdsl.language.operations import LayoutOperation, Operation
from vmdsl.language.partition_types import RAW, type_name
from vmdsl.plan.places import open_partitions


def partitions_are_used(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Every partition holds a filesystem, swap or boot code."""
    used = {
        id(value)
        for operation in operations
        for handle in (operation, *vars(operation).values())  # be it one that was not recorded
        if isinstance(handle, Operation)
        for field in vars(handle).values()
        for value in (field if isinstance(field, tuple) else (field,))
    }
    for partition in operations:
        if (
            isinstance(partition, Partition)
            and id(partition) not in used
            and not _is_raw(partition)
        ):
            if partition.type == "bios-boot":
                if isinstance(partition.table, Msdos):
                    continue  # which is the mistake
                hint = "add grub_bios(), or remove it"
            elif partition.type == "prep":
                hint = "add grub_ieee1275(), or remove it"
            else:
                hint = f"format it: mkext4({partition.name}()), or remove it"
            yield partition.problem("this partition is never used", hint)


def _is_raw(partition: Partition) -> bool:
    """Whether it may be meant for something that vmdsl does not know of."""
    return not isinstance(partition.type, str) or partition.type in RAW


def what_grows_holds_files(operations: Sequence[Operation]) -> Iterator[Problem]:
    """An image as large as its content has a partition that grows, with a filesystem."""
    filesystems = {id(f.partition): f for f in operations if isinstance(f, Filesystem)}
    growing = open_partitions([p for p in operations if isinstance(p, Partition)])
    for disk in operations:
        if isinstance(disk, Disk) and disk.size is None and not growing:
            yield disk.problem(
                "no partition can grow with its content, as free= asks for",
                "leave out size= and end= of one, or give the image a size",
            )
    for partition in growing:
        if partition.table.disk.size is not None:
            continue
        filesystem = filesystems.get(id(partition))
        other = _is_raw(partition) or partition.type in _FOR_CODE
        if isinstance(filesystem, Swap) or (filesystem is None and other):
            yield partition.problem(
                "it can't grow with its content, as free= asks for: it holds no files",
                "give it a size, and none to a partition with a filesystem",
            )


def partitions_are_formatted_once(operations: Sequence[Operation]) -> Iterator[Problem]:
    """No partition has two filesystems."""
    first: dict[int, Filesystem] = {}
    for filesystem in operations:
        if isinstance(filesystem, Filesystem):
            other = first.setdefault(id(filesystem.partition), filesystem)
            if other is not filesystem:
                yield filesystem.problem(
                    f"a second filesystem on the partition {filesystem.partition.name}: "
                    f"{other.name} ({other.origin.where}) is there",
                    "give each filesystem a partition of its own",
                )


def uuids_are_apart(operations: Sequence[Operation]) -> Iterator[Problem]:
    """No two filesystems were given one UUID: fstab and boot loaders tell them apart by it."""
    first: dict[str, Filesystem] = {}
    for filesystem in operations:
        if isinstance(filesystem, Filesystem) and filesystem.uuid:
            other = first.setdefault(filesystem.uuid, filesystem)
            if other is not filesystem:
                yield filesystem.problem(
                    f"{other.name} ({other.origin.where}) has the UUID {filesystem.uuid} already",
                    "give each filesystem one of its own, or none: it gets one then",
                )


def mounts_are_apart(operations: Sequence[Operation]) -> Iterator[Problem]:
    """No two mounts at a place, none of one filesystem, each below what it is on."""
    at: dict[PurePosixPath, Mounted[Any]] = {}
    of: dict[int, Mounted[Any]] = {}
    for mounted in operations:
        if not isinstance(mounted, Mounted):
            continue
        other = at.setdefault(mounted.path, mounted)
        if other is not mounted:
            yield mounted.problem(
                f"{other.name} ({other.origin.where}) is mounted at {mounted.path} already",
                "mount it elsewhere",
            )
        other = of.setdefault(id(mounted.filesystem), mounted)
        if other is not mounted:
            yield mounted.problem(
                f"{mounted.filesystem.name} is at {other.path} already ({other.origin.where})",
                "a filesystem is at one place",
            )
        if mounted.on is not None and not mounted.path.is_relative_to(mounted.on.path):
            yield mounted.problem(
                f"{mounted.path} is not below {mounted.on.path}, which it is mounted on",
                "give as on= the filesystem that holds the mount point",
            )


def boot_partitions_suit(operations: Sequence[Operation]) -> Iterator[Problem]:
    """What firmware is to read has the type and the filesystem that it looks for."""
    for operation in operations:
        if (
            isinstance(operation, Filesystem)
            and operation.partition.type == "esp"
            and not isinstance(operation, Vfat)
        ):
            yield operation.problem(
                f"the EFI system partition {operation.partition.name} is {operation.kind}",
                "firmware reads FAT alone: use mkvfat",
            )
        if isinstance(operation, Filesystem) and operation.partition.type in _FOR_CODE:
            yield operation.problem(
                f"{operation.partition.name}, of the type {operation.partition.type}, holds the "
                "boot loader itself and no filesystem",
                "leave it unformatted",
            )
        if isinstance(operation, GrubUefi):
            yield from _of_type(operation, operation.esp.filesystem.partition, "esp")
        elif isinstance(operation, GrubPrep):
            partition = operation.partition
            yield from _of_type(operation, partition, "prep")
            if isinstance(partition.table, Msdos) and "boot" not in partition.flags:
                yield operation.problem(
                    f"firmware won't look at {partition.name}, which isn't active in its MBR",
                    f'add flags=("boot",) to its mkpart ({partition.origin.where})',
                )


def _of_type(operation: Operation, partition: Partition, wanted: str) -> Iterator[Problem]:
    if partition.type != wanted:
        yield operation.problem(
            f"firmware won't look at {partition.name}, of the type {type_name(partition.type)}",
            f'add type="{wanted}" to its mkpart ({partition.origin.where})',
        )


def handles_are_recorded(operations: Sequence[Operation]) -> Iterator[Problem]:
    """A handle that its class made, not mkpart() or its like, is in no plan."""
    recorded = {id(operation) for operation in operations}
    for operation in operations:
        fields = vars(operation).values()
        for value in (v for f in fields for v in (f if isinstance(f, tuple) else (f,))):
            handle = value.mounted if isinstance(value, RootFs) else value
            if isinstance(handle, LayoutOperation) and id(handle) not in recorded:
                kind = type(handle).__name__
                maker = _MAKERS.get(kind, f"mk{kind.lower()}")
                yield handle.problem(
                    f"{kind}() makes a handle that the plan knows nothing of", f"call {maker}()"
                )


_FOR_CODE = ("bios-boot", "prep")
_MAKERS = {"Disk": "mkimg", "Partition": "mkpart", "Mounted": "mount"}
