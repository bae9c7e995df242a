"""Rules for mounts: their places and options, and what the running system mounts at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from vmdsl.errors import Advice, Code, Hint, Problem, code
from vmdsl.language.effects import TreeOperation
from vmdsl.language.handles import Filesystem, Mountable, Mounted, Partition, SwapFile
from vmdsl.language.operation import (
    Operation,
    code_of,
    origin_of,
    problem_in,
    shown_name,
    shown_with_line,
)
from vmdsl.language.partition_types import FOUND_BY_SYSTEMD
from vmdsl.operations.systems.roots import RootMaker

_FSTAB = "/etc/fstab"
#: Names of the one subvolume that every Btrfs has.
_TOP_LEVEL = {"0", "5", "0x0", "0x5"}
#: With these, the system does not need the filesystem when it boots.
_OPTIONAL = {"noauto", "nofail"}


def mounts_are_apart(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Report two mounts at a place or of a filesystem, and one that is not below what it is on."""
    at: dict[PurePosixPath, Mounted[Any]] = {}
    of: dict[int, Mounted[Any]] = {}
    for mounted in operations:
        if not isinstance(mounted, Mounted):
            continue
        other = at.setdefault(mounted.path, mounted)
        if other is not mounted:
            yield problem_in(
                mounted,
                f"{shown_with_line(other)} is mounted at {mounted.path} already",
                "mount it elsewhere",
                about="path",
                code="mounted-twice",
            )
        other = of.setdefault(id(mounted.source), mounted)
        if other is not mounted:
            yield problem_in(
                mounted,
                f"{shown_name(mounted.source)} is at {other.path} already "
                f"({origin_of(other).where})",
                "a filesystem, or a subvolume, is at one place",
                code="mounted-twice",
            )
        if mounted.on is not None and not mounted.path.is_relative_to(mounted.on.path):
            yield problem_in(
                mounted,
                f"{mounted.path} is not below {mounted.on.path}, which it is mounted on",
                "mount it on the filesystem that holds the mount point",
                code="mount-point",
            )


def swap_files_are_apart(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Report swap files that are not in their filesystem, and two at a place."""
    mounts = [o for o in operations if isinstance(o, Mounted)]
    at: dict[PurePosixPath, SwapFile] = {}
    for file in operations:
        if not isinstance(file, SwapFile):
            continue
        other = at.setdefault(file.path, file)
        if other is not file:
            what = f"{shown_with_line(other)} is at {file.path} already"
            yield problem_in(file, what, "give it another path", about="path", code="swap-file")
        holders = [m for m in mounts if file.path.is_relative_to(m.path)]
        holder = max(holders, key=lambda m: len(m.path.parts), default=None)
        if holder is file.mounted and file.path != holder.path:
            continue
        own = file.mounted.path
        what = f"{file.path} is not in {shown_name(file.mounted)}, which is mounted at {own}"
        if holder is not None and holder.path == file.path:
            what = f"{shown_with_line(holder)} is mounted at {file.path}"
        elif holder is not None and file.path.is_relative_to(own):
            what = f"{file.path} is in {shown_with_line(holder)}, which is mounted there"
        hint = f"give it a path such as {own / 'swapfile'}"
        yield problem_in(file, what, hint, about="path", code="swap-file")


def subvolumes_exist(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Report mounts of subvolumes that a new Btrfs does not have."""
    for mounted in operations:
        if not isinstance(mounted, Mounted) or not _OPTIONAL.isdisjoint(mounted.options):
            continue
        for number, option in enumerate(mounted.options):
            if _is_missing(option) and not _uses(operations, mounted.filesystem):
                what = f"{shown_name(mounted.filesystem)} has no subvolume for {option!r}"
                hint = "remove the option, and mount what subvolume() makes"
                yield problem_in(
                    mounted, what, hint, about=f"options[{number}]", code="mount-option"
                )


def _is_missing(option: str) -> bool:
    """Return whether a mount option names a subvolume that a new Btrfs does not have."""
    name, _, value = option.partition("=")
    is_top = value.strip("/") == "" if name == "subvol" else value in _TOP_LEVEL
    return name in {"subvol", "subvolid"} and not is_top


def _uses(operations: Sequence[Operation], filesystem: Filesystem) -> list[Operation]:
    """Return the operations that use the device below a filesystem, such as a script."""
    return [
        operation
        for operation in operations
        if operation is not filesystem
        for field in vars(operation).values()
        if any(value is filesystem.device for value in _several(field))
    ]


def _several(field: object) -> tuple[object, ...]:
    return field if isinstance(field, tuple) else (field,)


def filesystems_are_mounted(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Report filesystems that nothing of the recipe mounts, writes to or names."""
    mounted = {id(o.filesystem) for o in operations if isinstance(o, Mounted)}
    for filesystem in operations:
        if not isinstance(filesystem, Mountable) or id(filesystem) in mounted:
            continue
        if _is_for_others(filesystem.device) or _uses(operations, filesystem):
            continue
        if not any(_names(operation, filesystem) for operation in operations):
            what = f"{shown_name(filesystem)} is mounted nowhere, so it stays empty"
            yield problem_in(
                filesystem, what, _mount_it(operations, filesystem), kind=Advice, code="not-mounted"
            )


def _is_for_others(device: object) -> bool:
    """Return whether a partition may be meant for something that finds it by its type."""
    kind = device.type if isinstance(device, Partition) else ""
    return not isinstance(kind, str) or kind in FOUND_BY_SYSTEMD


def _names(operation: Operation, filesystem: Filesystem) -> bool:
    """Return whether a text of an operation, such as a script or a line of fstab, names it."""
    device = filesystem.device
    names = [filesystem.label, filesystem.uuid]
    names += [device.label] if isinstance(device, Partition) else []
    any_name = "|".join(re.escape(name) for name in names if name)
    if not any_name or not isinstance(operation, TreeOperation):
        return False
    named = re.compile(rf"(?:[=\s\"']|by-[a-z]+/)(?:{any_name})(?![\w-])")
    texts = [text for field in vars(operation).values() for text in _several(field)]
    return any(isinstance(text, str) and named.search(text) for text in texts)


def _mount_it(operations: Sequence[Operation], filesystem: Filesystem) -> Hint:
    roots = [o for o in operations if isinstance(o, Mounted) and o.on is None]
    named: dict[str, Code] = {"on": code_of(roots[0])} if roots else {}
    is_esp = isinstance(filesystem.device, Partition) and filesystem.device.type == "esp"
    place = ("/boot/efi" if is_esp else "/srv",) if roots else ()
    return Hint("mount it: ", code("mount", code_of(filesystem), *place, **named))


def fstab_is_written(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Report a root that stays read-only, or mounts that nothing does, as no step says so."""
    trees = [o for o in operations if isinstance(o, TreeOperation)]
    system = next((o for o in trees if isinstance(o, RootMaker)), None)
    if system is None or any(o.may_write(_FSTAB) for o in trees):
        return
    hint = Hint("add ", code("fstab", Code(system.name, tag=shown_name(system.root))))
    for loader in trees:
        if loader.leaves_root_read_only():
            what = f"no step writes {_FSTAB}, so the root filesystem stays read-only"
            yield loader.problem(what, hint, kind=Advice, code="no-fstab")
            return
    for operation in operations:
        is_mount = isinstance(operation, Mounted) and operation.on is not None
        is_swap = isinstance(operation, Filesystem) and not isinstance(operation, Mountable)
        if is_mount or is_swap or isinstance(operation, SwapFile):
            what = f"no step writes {_FSTAB}, so the system does not use {shown_name(operation)}"
            yield problem_in(operation, what, hint, kind=Advice, code="no-fstab")
            return
