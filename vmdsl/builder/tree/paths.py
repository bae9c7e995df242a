"""What the tree's methods do at a path. All of it is called in the tree.

Anything may be there: a pipe that nobody writes to, a symlink that leads in a circle, a directory.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vmdsl.builder.tree.owners import chown, gid_of, uid_of
from vmdsl.errors import BuildError
from vmdsl.language.effects import Owner


def read(path: str) -> bytes:
    """The content of a plain file. Raises FileNotFoundError, or BuildError where there is none."""
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe must not wait
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise BuildError(f"{path} is no plain file")
    with os.fdopen(file, "rb") as stream:
        return stream.read()


def real_place(path: str, *, directory: bool) -> str:
    """The path of a plain file, or of a directory, without any symlink in it."""
    place = os.path.realpath(path, strict=True)
    if not (Path(place).is_dir() if directory else Path(place).is_file()):
        raise BuildError(f"{path} is no {'directory' if directory else 'plain file'}")
    return place


@contextmanager
def created(path: str, mode: int, uid: Owner, gid: Owner) -> Iterator[int]:
    """An open, empty file in place of whatever was there, with its parents and owner.

    It gets its mode at the end: to write to it would take away set-user-id.
    """
    user, group = uid_of(uid), gid_of(gid)
    make_room(Path(path), "file")
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        chown(file, user, group)
        yield file
        os.fchmod(file, mode)
    finally:
        os.close(file)


def make_symlink(path: str, target: str) -> None:
    """Make a symlink in place of whatever was there, with its parents."""
    make_room(Path(path), "symlink")
    Path(path).symlink_to(target)


def make_directory(path: str, mode: int | None, uid: Owner | None, gid: Owner | None) -> None:
    """Make a directory and its parents; one that exists is changed only in what is given."""
    place = Path(path)
    _make_parents(place)
    if not uid is gid is None:
        chown(place, uid_of(-1 if uid is None else uid), gid_of(-1 if gid is None else gid))
    if mode is not None:
        place.chmod(mode)


def make_room(place: Path, kind: str) -> None:
    """Make the parents of something new, and remove what is in its place, but no directory."""
    _make_parents(place.parent)
    if place.is_dir() and not place.is_symlink():
        raise BuildError(f"{place} is a directory, which no {kind} replaces")
    place.unlink(missing_ok=True)


def _make_parents(place: Path) -> None:
    try:
        place.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise BuildError(f"{error.filename} is in the way: it is no directory") from None
