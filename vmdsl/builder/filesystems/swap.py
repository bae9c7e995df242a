"""Swap space: the header that mkswap writes."""

from __future__ import annotations

from pathlib import Path

from vmdsl.builder.filesystems.kinds import Kind, Room
from vmdsl.builder.filesystems.target import Target
from vmdsl.operations.disk.swap import is_random

_PAGE = 4096


def make_swap(target: Target, content: Path | None) -> Room:
    """Write the header that makes the partition swap space, which has no room for content."""
    del content
    filesystem = target.filesystem
    if is_random(filesystem.filesystem):
        return Room(block=_PAGE, free=0, available=0)
    file = target.blank_file()
    label = filesystem.filesystem.label
    target.run(
        "mkswap",
        "--quiet",
        f"--pagesize={_PAGE}",
        f"--uuid={filesystem.uuid}",
        *([f"--label={label}"] if label else []),
        *filesystem.filesystem.options,
        str(file),
    )
    target.place(file)
    return Room(block=_PAGE, free=0, available=0)


KIND = Kind(make=make_swap, used=lambda _target: [(0, _PAGE)])
