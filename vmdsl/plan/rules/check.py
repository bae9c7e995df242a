"""What must hold of a plan as a whole. Every check sees all of it and reports all it finds."""

from __future__ import annotations

import difflib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from vmdsl import programs
from vmdsl.errors import Hint, Problem, Where, code
from vmdsl.language.handles import Disk, Table
from vmdsl.language.operation import Operation
from vmdsl.language.secret import secrets_in
from vmdsl.plan.rules import disk, fstab, packages, system, volumes

_OR_EXCLUDED = (", or name it in ", code("", exclude=None))


def check(operations: Sequence[Operation], recipe: Path, *, complete: bool = True) -> list[Problem]:
    """All that is wrong with the operations of `recipe` taken together, but for the layout.

    Where they aren't `complete`, as a step failed, nothing is said of what may just be missing.
    """
    problems: list[Problem] = []
    for rule in (
        disk.devices_are_formatted_once,
        disk.uuids_are_apart,
        disk.mounts_are_apart,
        disk.boot_partitions_suit,
        disk.handles_are_recorded,
        volumes.names_are_apart,
        volumes.grub_reads_boot,
        fstab.fstab_names_are_there,
        fstab.fstab_places_are_apart,
        system.system_comes_first,
        system.system_has_owners,
        system.suites_exist,
        system.architecture_can_boot,
        system.grub_knows_the_machine,
        _programs_are_there,
        _local_files_exist,
        packages.keyrings_are_keys,
        packages.debs_are_packages,
    ):
        problems += rule(operations)
    if complete:
        if not any(isinstance(operation, Disk | Table) for operation in operations):
            problems.append(
                Problem(
                    what="no step makes a disk image",
                    where=Where(recipe),
                    hint=Hint("start with ", code("mkimg", code("GiB", 4))),
                )
            )
        for rule in (
            disk.devices_are_used,
            disk.what_grows_holds_files,
            system.bios_grub_has_room,
            system.boot_loader_is_installed,
            system.ansible_finds_python,
        ):
            problems += rule(operations)
    return problems


def programs_for(operations: Sequence[Operation]) -> dict[str, Operation]:
    """The programs of this machine that the build starts, each with the first that needs it."""
    needed: dict[str, Operation] = {}
    for operation in operations:
        for program in operation.programs:
            needed.setdefault(program, operation)
    return needed


def _programs_are_there(operations: Sequence[Operation]) -> Iterator[Problem]:
    for program, operation in programs_for(operations).items():
        if programs.find(program) is None:
            known = operation.programs
            package = known[program] if isinstance(known, Mapping) else ""
            hint = programs.how_to_get(program, package)
            yield operation.problem(f"this machine has no program {program}", hint)


def _local_files_exist(operations: Sequence[Operation]) -> Iterator[Problem]:
    for operation in operations:
        start = operation.directory
        directories = operation.local_directories()
        for directory in directories:
            place = start / directory
            if place.is_file():
                yield operation.problem(
                    f"{directory} is a file, not a directory",
                    Hint(code("copy_file"), " copies a file"),
                    about=operation.argument(directory),
                )
            elif not place.is_dir():
                yield _missing(operation, "directory", directory, start)
        secrets = [s.reference[0] for s in secrets_in(operation) if s.source == "file"]
        for file in (*operation.local_files(), *map(Path, secrets)):
            if any(file.is_relative_to(directory) for directory in directories):
                if problem := _unreadable(start / file):
                    what, hint = problem
                    about = operation.argument(*directories)
                    yield operation.problem(f"{file} {what}", hint, about=about)
            else:
                yield from _no_file(operation, file, start)


def _no_file(operation: Operation, file: Path, start: Path) -> Iterator[Problem]:
    place = start / file
    if place.is_dir():
        yield operation.problem(
            f"{file} is a directory, not a file",
            Hint(code("copy_tree"), " copies a directory"),
            about=operation.argument(file),
        )
    elif not place.is_file():
        yield _missing(operation, "file", file, start)
    elif not os.access(place, os.R_OK):
        about = operation.argument(file)
        yield operation.problem(f"{file} cannot be read", "change its permissions", about=about)


def _missing(operation: Operation, kind: str, path: Path, start: Path) -> Problem:
    close = difflib.get_close_matches(
        path.name, [p.name for p in (start / path).parent.glob("*")], n=1
    )
    hint = f"did you mean {path.with_name(close[0])}?" if close else f"it is looked for in {start}"
    return operation.problem(f"there is no {kind} {path}", hint, about=operation.argument(path))


def _unreadable(path: Path) -> tuple[str, str] | None:
    """What is wrong with something in a directory that is copied, and what to do."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return None
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        what = "is neither a file, a directory nor a symlink"
        return what, Hint("remove it", *_OR_EXCLUDED)
    if not os.access(path, os.R_OK | (os.X_OK if stat.S_ISDIR(mode) else 0)):
        return "cannot be read", Hint("change its permissions", *_OR_EXCLUDED)
    return None
