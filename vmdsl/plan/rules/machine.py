"""Rules for this machine: its programs, its files, and what it can build."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from vmdsl import emulation, programs
from vmdsl.errors import Hint, LocalFile, Problem, code
from vmdsl.language.arguments import argument_of
from vmdsl.language.operation import (
    Operation,
    Work,
    origin_of,
    problem_in,
)
from vmdsl.language.secret import secrets_in
from vmdsl.operations.systems.roots import RootMaker
from vmdsl.similar import similar_file

_SHOWN = 60
_OF_KERNEL = ("/proc", "/sys")
#: The packages that keyrings of archives are in: a keyring of another name has other keys.
_KEYRINGS = {
    "debian-archive-keyring.gpg": "debian-archive-keyring",
    "debian-archive-removed-keys.gpg": "debian-archive-keyring",
    "debian-ports-archive-keyring.gpg": "debian-ports-archive-keyring",
    "ubuntu-archive-keyring.gpg": "ubuntu-keyring",
    "devuan-archive-keyring.gpg": "devuan-keyring, of Devuan",
    "kali-archive-keyring.gpg": "kali-archive-keyring, of Kali",
    "raspberrypi-archive-keyring.gpg": "raspberrypi-archive-keyring, of Raspberry Pi OS",
    "raspbian-archive-keyring.gpg": "raspbian-archive-keyring, of Raspbian",
}
_OR_EXCLUDED = (", or name it in ", code("", exclude=None))


def programs_for(operations: Sequence[Operation]) -> dict[str, Work]:
    """Return the host's programs that a build starts, each with the first operation that does."""
    needed: dict[str, Work] = {}
    for operation in operations:
        if isinstance(operation, Work):
            for program in operation.programs:
                needed.setdefault(program, operation)
    return needed


def local_files_exist(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Report local files and directories that are missing or cannot be read."""
    for operation in operations:
        try:
            yield from _local_files(operation)
        except OSError as error:
            yield problem_in(operation, *unusable(error), kind=LocalFile, code="local-file")


def unusable(error: OSError) -> tuple[str, str]:
    """Return what is wrong with a path that the system does not take, and a hint."""
    path = os.fsdecode(error.filename or "a path")
    if error.errno == errno.ENAMETOOLONG:
        return f"this path is too long: {path[:_SHOWN]}… ({len(path)} characters)", "shorten it"
    return f"{path[:_SHOWN]}: {error.strerror}", "let this user read it, or name another path"


def _local_files(operation: Operation) -> Iterator[Problem]:
    start = origin_of(operation).directory
    directories, files = (
        (operation.local_directories(), operation.local_files())
        if isinstance(operation, Work)
        else ((), ())
    )
    for directory in directories:
        place = start / directory
        if place.is_file():
            yield problem_in(
                operation,
                f"{directory} is a file, not a directory",
                Hint(code("copy_file"), " copies a file"),
                about=argument_of(operation, directory),
                kind=LocalFile,
                code="local-file",
            )
        elif not place.is_dir():
            yield _missing(operation, "directory", directory, start)
    made_up = [one for one in directories if _is_of_kernel(start / one)]
    for directory in made_up:
        yield problem_in(
            operation,
            f"{directory} holds no files: the kernel makes them up when they are read",
            "name a directory of files; copy_file() copies one file of the kernel's",
            about=argument_of(operation, directory),
            code="local-file",
        )
    if made_up:
        return  # they come and go: who looks at each of them finds that some are gone
    secrets = [s.reference[0] for s in secrets_in(operation) if s.source == "file"]
    for file in (*files, *map(Path, secrets)):
        if any(file.is_relative_to(directory) for directory in directories):
            if problem := _unreadable(start / file):
                what, hint = problem
                about = argument_of(operation, *directories)
                yield problem_in(
                    operation,
                    f"{file} {what}",
                    hint,
                    about=about,
                    kind=LocalFile,
                    code="local-file",
                )
        else:
            yield from _no_file(operation, file, start)


def _no_file(operation: Operation, file: Path, start: Path) -> Iterator[Problem]:
    place = start / file
    if place.is_dir():
        yield problem_in(
            operation,
            f"{file} is a directory, not a file",
            Hint(code("copy_tree"), " copies a directory"),
            about=argument_of(operation, file),
            kind=LocalFile,
            code="local-file",
        )
    elif not place.is_file():
        yield _missing(operation, "file", file, start)
    elif not os.access(place, os.R_OK):
        about = argument_of(operation, file)
        what, hint = f"{file} cannot be read", "change its permissions"
        yield problem_in(operation, what, hint, about=about, kind=LocalFile, code="local-file")


def _missing(operation: Operation, kind: str, path: Path, start: Path) -> Problem:
    what = f"there is no {kind} {path}"
    is_right = Path.is_dir if kind == "directory" else Path.is_file
    close = None if path.name in _KEYRINGS else similar_file(start / path, is_right=is_right)
    hint = f"did you mean {path.with_name(close.name)}?" if close else _looked_for(path, start)
    if (start / path).is_symlink():
        what = f"{path} is a symlink to a missing {kind}"
        hint = f"it points to {(start / path).readlink()}"
    return problem_in(
        operation, what, hint, about=argument_of(operation, path), kind=LocalFile, code="local-file"
    )


def _looked_for(path: Path, start: Path) -> str:
    """Return where a missing file is looked for, or which directory of its path is missing."""
    if package := _KEYRINGS.get(path.name):
        return f"it is in the package {package}; or copy it from a machine that has it"
    if path.parts[:1] in (("http:",), ("https:",), ("ftp:",)):
        return "a recipe takes files of this machine: download it first, and name the file"
    if path.parts[:1] == ("~",):
        return "~ is for shells: write the whole path, or declare an option with a Path"
    if not path.is_absolute():
        return f"it is looked for in {start}"
    there = next(parent for parent in path.parents if parent.is_dir())
    if there == path.parent:
        return f"{there} has no file of that name: install the package that brings it, or copy it"
    return f"there is no directory {there / path.relative_to(there).parts[0]}"


def _is_of_kernel(directory: Path) -> bool:
    """Return whether a directory is in /proc or /sys."""
    return any(directory.resolve().is_relative_to(place) for place in _OF_KERNEL)


def _unreadable(path: Path) -> tuple[str, str] | None:
    """Return what is wrong with something in a directory that is copied, and a hint."""
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        return f"cannot be read: {error.strerror}", Hint("let nothing change it", *_OR_EXCLUDED)
    if stat.S_ISLNK(mode):
        return None
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        what = "is neither a file, a directory nor a symlink"
        return what, Hint("remove it", *_OR_EXCLUDED)
    if not os.access(path, os.R_OK | (os.X_OK if stat.S_ISDIR(mode) else 0)):
        return "cannot be read", Hint("change its permissions", *_OR_EXCLUDED)
    return None


def obstacles(operations: Sequence[Operation]) -> tuple[Problem, ...]:
    """Return all that this machine or this version of vmdsl cannot build, each at its operation."""
    found = [
        *_missing_programs(operations),
        *_foreign_systems(operations),
    ]
    return tuple(sorted(found, key=lambda p: p.where.line if p.where else 0))


def _missing_programs(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Report programs that the build starts and that are not installed."""
    for program, operation in programs_for(operations).items():
        if programs.find(program) is None:
            known = operation.programs
            package = known[program] if isinstance(known, Mapping) else ""
            hint = programs.how_to_get(program, package)
            yield operation.problem(
                f"this machine has no program {program}", hint, code="missing-program"
            )


def _foreign_systems(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Report systems whose programs this machine cannot run, with or without emulation."""
    for operation in operations:
        if isinstance(operation, RootMaker) and not emulation.is_native(operation.arch):
            found = emulation.obstacle(operation.arch)
            if found is not None:
                yield operation.problem(found.what, found.hint, code="build-machine")
