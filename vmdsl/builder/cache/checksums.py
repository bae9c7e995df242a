"""Checksums: of data, of files, and of what changes when somebody writes to a file."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

from vmdsl import programs
from vmdsl.builder.image.allocation import allocated
from vmdsl.language.operation import Work


def digest(data: object) -> str:
    """Return a checksum of any data that JSON can hold."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def stamp(operation: Work) -> str:
    """Return a checksum over inodes and times of the local files that an operation reads.

    It changes when anybody changes one of them, and costs little.
    """
    found: list[list[Any]] = []
    for path in dict.fromkeys((*operation.local_directories(), *operation.local_files())):
        for follow in (False, True):
            with suppress(OSError):
                about = (operation.directory / path).stat(follow_symlinks=follow)
                of_file = [about.st_size, about.st_mtime_ns, about.st_ctime_ns]
                is_directory = stat.S_ISDIR(about.st_mode)  # what is in it is in the list
                found.append([str(path), about.st_ino, *([] if is_directory else of_file)])
    return digest(found)


def identity_of(program: str) -> list[Any]:
    """Return what changes when a program is replaced, as by an upgrade; empty if it is missing."""
    place = programs.find(program)
    if place is None:
        return []
    real = Path(place).resolve()
    about = real.stat()
    return [str(real), about.st_size, about.st_mtime_ns]


def content_of(path: Path, first: dict[tuple[int, int], str], *, follow: bool = True) -> str:
    """Return a checksum of a file, symlink or directory.

    `first` has the paths of the inodes that were seen before: hard links are part of the checksum.
    """
    about = path.stat(follow_symlinks=follow)
    if stat.S_ISREG(about.st_mode):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
            parts = allocated(file.fileno())
        if parts != [(0, about.st_size)] and about.st_size:  # it has holes
            content = digest([content, parts])
    else:
        content = str(path.readlink()) if stat.S_ISLNK(about.st_mode) else ""
    names = os.listxattr(path, follow_symlinks=follow)
    attributes = [
        [n, os.getxattr(path, n, follow_symlinks=follow).hex()]
        for n in sorted(names)
        if not n.startswith("security.selinux")
    ]
    linked = ""
    if about.st_nlink > 1 and not stat.S_ISDIR(about.st_mode):
        linked = first.setdefault((about.st_dev, about.st_ino), str(path))
        linked = "" if linked == str(path) else os.path.relpath(linked, path.parent)
    owner = [about.st_uid, about.st_gid]
    return digest([about.st_mode, owner, content, attributes, linked])
