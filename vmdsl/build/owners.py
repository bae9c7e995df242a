"""Owners of files by name, as the tree's own /etc/passwd and /etc/group know them."""

from __future__ import annotations

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
