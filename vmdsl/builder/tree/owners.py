"""Owners of files by name, as the tree's own /etc/passwd and /etc/group know them."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from vmdsl.errors import BuildError


def uid_of(owner: int | str) -> int:
    """The number of a user; called in the tree. Raises BuildError for a name nobody has."""
    return owner if isinstance(owner, int) else _look_up(owner, "/etc/passwd", "user")


def gid_of(group: int | str) -> int:
    """The number of a group; called in the tree. Raises BuildError for a name that none has."""
    return group if isinstance(group, int) else _look_up(group, "/etc/group", "group")


def _look_up(name: str, file: str, what: str) -> int:
    # Not by the C library: that would load the tree's own plug-ins into this process.
    path = Path(file)
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    for line in lines:
        fields = line.split(":")
        if fields[0] == name and len(fields) > 2 and fields[2].isdecimal():  # noqa: PLR2004
            return int(fields[2])
    raise BuildError(f"the system has no {what} {name}; make it in a step above, or give a number")


def chown(path: Path | int, user: int, group: int, *, follow_symlinks: bool = True) -> None:
    """Give a file an owner; called in the tree. Raises BuildError for one that isn't mapped."""
    try:
        os.chown(path, user, group, follow_symlinks=follow_symlinks)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise BuildError(
            f"no file can belong to {user}:{group}: your range in /etc/subuid is too short"
        ) from None


class OutsideIds:
    """The numbers that users, or groups, of the sandbox have on this machine.

    `kind` is `uid` or `gid`.
    """

    def __init__(self, kind: str) -> None:
        self._kind = "user" if kind == "uid" else "group"
        text = Path(f"/proc/self/{kind}_map").read_text(encoding="ascii")
        numbers = [[int(word) for word in line.split()] for line in text.splitlines()]
        self._ranges = [(inside, outside, count) for inside, outside, count in numbers]
        unknown = Path(f"/proc/sys/kernel/overflow{kind}").read_text(encoding="ascii")
        self._unknown = {int(unknown), 2**32 - 1}

    def of(self, file: Path, number: int) -> int:
        """The number on this machine. Raises BuildError for what the sandbox doesn't know.

        The kernel shows all that it doesn't know as one number, which another may have, too.
        """
        for inside, outside, count in self._ranges:
            if inside <= number < inside + count:
                found = outside + number - inside
                if number in self._unknown and found != number:
                    break
                return found
        raise BuildError(
            f"{file} names a {self._kind} whose number only root can read: build as root, or "
            "say whose it is to be"
        )
