"""Stand-ins: files that the tree has while a step runs, and that the image does not get.

A stand-in is known by a line that no file of a recipe has, and not by saying the same as one: a
recipe may write a policy-rc.d of its own. Nothing of a stand-in stays: it may be of this machine.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_MARK = "# Lent by vmdsl while a step runs; it is not in the image.\n"
NO_DAEMONS = f"#!/bin/sh\n{_MARK}exit 101\n".encode()


def resolver(text: str) -> bytes:
    """Return a stand-in for /etc/resolv.conf that has the lines of this machine's."""
    return f"{_MARK}{text.rstrip()}\n".encode()


def program(path: PurePosixPath) -> bytes:
    """Return a stand-in for a program, which runs the one at another path instead."""
    return f'#!/bin/sh\n{_MARK}exec {path} "$@"\n'.encode()


@dataclass(frozen=True, kw_only=True)
class Before:
    """The file that was there before a stand-in; `content` of a symlink is where it leads to."""

    content: bytes
    is_link: bool = False
    mode: int = 0
    mtime_ns: int = 0


@dataclass(frozen=True, kw_only=True)
class StandIn:
    """A stand-in at `place`, and the file that was there before, if there was one."""

    place: Path
    content: bytes
    mode: int
    before: Before | None

    @property
    def file(self) -> Before | None:
        """The plain file that was there before, if it was one."""
        return None if self.before is None or self.before.is_link else self.before


def lend(place: Path, content: bytes, mode: int) -> StandIn:
    """Write a stand-in to a path where there is nothing but a file or a symlink."""
    before = None
    if place.is_symlink():
        before = Before(content=os.fsencode(place.readlink()), is_link=True)
        place.unlink()
    elif place.exists():
        about = place.stat()
        before = Before(
            content=place.read_bytes(),
            mode=stat.S_IMODE(about.st_mode),
            mtime_ns=about.st_mtime_ns,
        )
    place.write_bytes(content)
    place.chmod(mode)
    return StandIn(place=place, content=content, mode=mode, before=before)


def give_back(lent: StandIn) -> None:
    """Put back the file that was there. One that was written meanwhile stays.

    If something was added to the stand-in, it is now at the end of the file that was there.
    """
    place, file = lent.place, lent.file
    if place.is_symlink() or not place.is_file():
        return
    found = place.read_bytes()
    if file and stat.S_IMODE(place.stat().st_mode) == lent.mode:
        place.chmod(file.mode)
    if lent.content not in found:
        return
    left = found.replace(lent.content, file.content if file else b"")
    if file is None and not left:
        place.unlink()
        if lent.before is not None:
            place.symlink_to(os.fsdecode(lent.before.content))
        return
    place.write_bytes(left)
    if file and left == file.content:
        os.utime(place, ns=(file.mtime_ns, file.mtime_ns))


def is_copy_of(path: str, size: int, lent: StandIn) -> bool:
    """Return whether a plain file is a copy of a stand-in: a backup that a package made, say."""
    return size == len(lent.content) and Path(path).read_bytes() == lent.content


def take_out(path: str, size: int, stand_ins: Iterable[StandIn]) -> bool:
    """Make a copy of a stand-in one of the file that was there. Return whether it was removed.

    It is removed if there was none.
    """
    for lent in stand_ins:
        if is_copy_of(path, size, lent):
            if lent.file is None:
                Path(path).unlink()
                return True
            Path(path).write_bytes(lent.file.content)
    return False
