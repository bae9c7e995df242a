"""Paths and their owners in the tree. All of it is called in a process chrooted into the tree.

Anything may be at a path: a pipe that nobody writes to, a symlink that leads in a circle, a
directory. Names of owners are those of the tree's own /etc/passwd and /etc/group.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vmdsl.errors import BuildError, OwnerError
from vmdsl.language.effects import Owner


def read(path: str) -> bytes:
    """Return the content of a file. Raises FileNotFoundError, or BuildError for another kind."""
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe must not wait
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise BuildError(f"{path} is not a plain file", code="in-the-way")
    with os.fdopen(file, "rb") as stream:
        return stream.read()


def real_place(path: str, *, directory: bool) -> str:
    """Return the path of a plain file, or of a directory, without any symlink in it."""
    place = os.path.realpath(path, strict=True)
    if not (Path(place).is_dir() if directory else Path(place).is_file()):
        raise BuildError(
            f"{path} is not a {'directory' if directory else 'plain file'}", code="in-the-way"
        )
    return place


@contextmanager
def created(path: str, mode: int, uid: Owner, gid: Owner) -> Iterator[int]:
    """Yield an open, empty file in place of whatever was there, with its parents and owner.

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
        raise BuildError(
            f"{place} is a directory, which a {kind} does not replace", code="in-the-way"
        )
    place.unlink(missing_ok=True)


def _make_parents(place: Path) -> None:
    try:
        place.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise BuildError(
            f"{error.filename} is in the way: it is not a directory", code="in-the-way"
        ) from None


def uid_of(owner: int | str) -> int:
    """Return the number of a user of the tree. Raises BuildError where nobody has the name."""
    return owner if isinstance(owner, int) else _look_up(owner, "/etc/passwd", "user")


def gid_of(group: int | str) -> int:
    """Return the number of a group of the tree. Raises BuildError where no group has the name."""
    return group if isinstance(group, int) else _look_up(group, "/etc/group", "group")


def _look_up(name: str, file: str, what: str) -> int:
    # Not by the C library: that would load the tree's own plug-ins into this process.
    path = Path(file)
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    for line in lines:
        fields = line.split(":")
        if fields[0] == name and len(fields) > 2 and fields[2].isdecimal():  # noqa: PLR2004
            return int(fields[2])
    raise BuildError(
        f"the system has no {what} {name}; make it in a step above, or give a number",
        code="owner",
    )


def chown(path: Path | int, user: int, group: int, *, follow_symlinks: bool = True) -> None:
    """Give a file an owner. Raises BuildError for one that isn't mapped into the sandbox."""
    try:
        os.chown(path, user, group, follow_symlinks=follow_symlinks)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        what = f"no file can belong to {user}:{group}: your range of ids is too short"
        raise OwnerError(what, ids=(user, group), code="ids") from None
