"""Kinds of filesystem, as the builder makes and measures them.

A handle of `vmdsl.operations.disk.NAME` is made by the module NAME beside this one, which holds
one `Kind` by the name KIND.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vmdsl.builder.filesystems.contents import File
from vmdsl.builder.filesystems.target import Target


@dataclass(frozen=True, kw_only=True)
class Room:
    """The room that is free in a filesystem.

    `block` is the unit in which it is given out, in bytes. `free` is all that can still be
    written, and `available` the part of it for users other than root, as df shows it; both in
    bytes. `files` is how many more files it can hold, or None where only bytes limit that. A file
    of `inline` bytes or less needs no block. Where `per_map` isn't 0, a file that needs many
    blocks has further ones that list them, each so many. Where `copies` isn't 0, all but the data
    of files is written so often. `compression` is how files are compressed.
    """

    block: int
    free: int
    available: int
    files: int | None = None
    inline: int = 0
    per_map: int = 0
    copies: int = 0
    compression: str = ""


@dataclass(frozen=True, kw_only=True)
class Need:
    """The least that content takes, in bytes and in files, of the room of an empty filesystem."""

    bytes: int
    files: int


NOTHING = Need(bytes=0, files=0)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """The functions that make and measure filesystems of a kind.

    `make` makes the target, with the content of a directory or empty, and returns the room that is
    left. `need` counts what content, as `contents.read` returns it, takes of the room of an empty
    target; never more than `make` does. `used` returns where the filesystem of a target has bytes,
    each with its end: it reads none elsewhere. `files` is what the number of files is a number of.
    """

    make: Callable[[Target, Path | None], Room]
    need: Callable[[Sequence[File], Room], Need] = lambda _files, _room: NOTHING
    used: Callable[[Target], Iterable[tuple[int, int]]] = lambda target: [(0, target.size)]
    files: str = "files and directories"
