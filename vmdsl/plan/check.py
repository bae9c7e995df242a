"""What must hold of a plan as a whole. Every check sees all of it and reports all it finds."""

from __future__ import annotations

import difflib
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from vmdsl import programs
from vmdsl.errors import Problem
from vmdsl.language.bootstrap import Apt, Debootstrap
from vmdsl.language.files import CopyFile, CreateFile, PathExists
from vmdsl.language.fstab import Fstab
from vmdsl.language.grub import PROVIDERS, GrubBios, GrubBootCode, GrubConfig, GrubUefi
from vmdsl.language.handles import (
    Ext2,
    Ext3,
    Ext4,
    Filesystem,
    Gpt,
    Mounted,
    Partition,
    RootFs,
    Swap,
    Vfat,
)
from vmdsl.language.operations import Operation, TreeOperation
from vmdsl.values import Arch, debian_suites

_NATIVE = {"x86_64": (Arch.AMD64, Arch.I386), "aarch64": (Arch.ARM64,)}
_LAST_I386 = "bookworm"
_MAKERS: dict[type[Filesystem], tuple[str, ...]] = {
    Ext2: ("mke2fs", "debugfs", "dumpe2fs"),
    Ext3: ("mke2fs", "debugfs", "dumpe2fs"),
    Ext4: ("mke2fs", "debugfs", "dumpe2fs"),
    Vfat: ("mkfs.vfat", "mmd", "mcopy"),
    Swap: ("mkswap",),
}
_TRANSPARENT = (
    Apt,
    Debootstrap,
    CreateFile,
    CopyFile,
    PathExists,
    Fstab,
    GrubConfig,
    GrubBios,
    GrubUefi,
)


def check(operations: Sequence[Operation], recipe: Path) -> list[Problem]:
    """All that is wrong with the operations of `recipe` taken together, but for the layout."""
    problems: list[Problem] = []
    for rule in (
        _partitions_are_used,
        _partitions_are_formatted_once,
        _mounts_are_apart,
        _esp_is_fat,
        _bios_grub_has_room,
        _system_comes_first,
        _suites_exist,
        _architecture_can_boot,
        _boot_loader_is_installed,
        _programs_are_there,
    ):
        problems += rule(operations)
    problems += _local_files_exist(operations, recipe)
    return problems


def _partitions_are_used(operations: Sequence[Operation]) -> Iterator[Problem]:
    used = {id(value) for operation in operations for value in vars(operation).values()}
    for partition in operations:
        if isinstance(partition, Partition) and id(partition) not in used:
            if partition.type == "bios-boot":
                hint = "add grub_bios(), or remove it"
            else:
                hint = f"format it: mkext4({partition.name}()), or remove it"
            yield partition.problem("this partition is never used", hint)


def _partitions_are_formatted_once(operations: Sequence[Operation]) -> Iterator[Problem]:
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


def _mounts_are_apart(operations: Sequence[Operation]) -> Iterator[Problem]:
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


def _esp_is_fat(operations: Sequence[Operation]) -> Iterator[Problem]:
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
        if isinstance(operation, GrubUefi):
            partition = operation.esp.filesystem.partition
            if partition.type != "esp":
                yield operation.problem(
                    f"firmware won't look at {partition.name}, of the type {partition.type}",
                    f'add type="esp" to its mkpart ({partition.origin.where})',
                )


def _bios_grub_has_room(operations: Sequence[Operation]) -> Iterator[Problem]:
    for operation in operations:
        if isinstance(operation, GrubBootCode) and operation.partition is None:
            table = operation.root.mounted.filesystem.partition.table
            if isinstance(table, Gpt):
                yield operation.problem(
                    "GRUB for BIOS has no place on this GPT",
                    f'add, above it: mkpart({table.name}(), size=MiB(1), type="bios-boot")',
                )


def _system_comes_first(operations: Sequence[Operation]) -> Iterator[Problem]:
    systems: dict[int, Debootstrap] = {}
    changed: dict[int, TreeOperation] = {}
    for operation in operations:
        if not isinstance(operation, TreeOperation):
            continue
        root = operation.root
        mounted = root.mounted if isinstance(root, RootFs) else root
        if not isinstance(mounted, Mounted):
            continue
        while mounted.on is not None:
            mounted = mounted.on
        if isinstance(operation, Debootstrap):
            other = systems.setdefault(id(mounted), operation)
            if other is not operation:
                yield operation.problem(
                    f"{mounted.name} holds a system already ({other.origin.where})",
                    "debootstrap once; add packages with apt()",
                )
            elif id(mounted) in changed:
                early = changed[id(mounted)]
                yield early.problem(
                    f"it changes the tree before debootstrap fills it ({operation.origin.where})",
                    "debootstrap wants an empty tree: move this step below it",
                )
        else:
            changed.setdefault(id(mounted), operation)


def _suites_exist(operations: Sequence[Operation]) -> Iterator[Problem]:
    known = debian_suites()
    for operation in operations:
        if not isinstance(operation, Debootstrap) or operation.mirror or not known:
            continue
        name = operation.suite.name
        if name.partition("-")[0] not in known and name != "rc-buggy":
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]}? " if close else ""
            yield operation.problem(
                f"Debian has no suite {name}", f"{hint}(a suite of another archive takes mirror=)"
            )


def _architecture_can_boot(operations: Sequence[Operation]) -> Iterator[Problem]:
    known = debian_suites()
    for operation in operations:
        if not isinstance(operation, Debootstrap):
            continue
        arch, suite = operation.arch, operation.suite.name
        native = _NATIVE.get(platform.machine(), ())
        if arch not in native:
            yield operation.problem(
                f"{arch} cannot be built on this machine ({platform.machine()})",
                f"choose {' or '.join(native) or 'another machine'}",
            )
        late = known[known.index(_LAST_I386) + 1 :] if _LAST_I386 in known else ("trixie", "sid")
        if arch == Arch.I386 and suite.partition("-")[0] in late:
            yield operation.problem(
                f"{suite} has no kernel for i386, so the image could not boot",
                f"{_LAST_I386} is the last that has one; or choose amd64",
            )


def _boot_loader_is_installed(operations: Sequence[Operation]) -> Iterator[Problem]:
    named: set[str] = set()
    for operation in operations:
        if isinstance(operation, Apt):
            named.update(
                package.partition("/")[0].partition("=")[0] for package in operation.packages
            )
        elif isinstance(operation, Debootstrap):
            named.update(operation.include)
        elif isinstance(operation, TreeOperation) and not isinstance(operation, _TRANSPARENT):
            return  # a script or a third party's operation may have installed anything
        providers = (
            PROVIDERS.get(type(operation), ()) if isinstance(operation, TreeOperation) else ()
        )
        if providers and named.isdisjoint(providers):
            yield operation.problem(
                f"no step above installs {operation.summary()}",
                f'add "{providers[0]}" to the packages, as in apt(system(), "{providers[0]}")',
            )


def _programs_are_there(operations: Sequence[Operation]) -> Iterator[Problem]:
    needed: dict[str, Operation] = {}
    for operation in operations:
        wanted = operation.programs
        if isinstance(operation, Filesystem):
            wanted = _MAKERS.get(type(operation), ())
        elif isinstance(operation, Partition):
            wanted = ("sfdisk",)
        for program in wanted:
            needed.setdefault(program, operation)
    for program, operation in needed.items():
        if programs.find(program) is None:
            yield operation.problem(
                f"this machine has no program {program}",
                "vmdsl doctor says which package to install",
            )


def _local_files_exist(operations: Sequence[Operation], recipe: Path) -> Iterator[Problem]:
    for operation in operations:
        if not isinstance(operation, TreeOperation):
            continue
        for file in operation.local_files():
            place = recipe.parent / file
            if not place.is_file():
                close = difflib.get_close_matches(
                    file.name, [p.name for p in place.parent.glob("*")], n=1
                )
                yield operation.problem(
                    f"there is no file {file}",
                    f"did you mean {file.with_name(close[0])}?"
                    if close
                    else f"it is looked for in {recipe.parent}",
                )
