"""Swap space: the header that mkswap writes."""

from __future__ import annotations

from vmdsl.builder.filesystems.target import Target

_PAGE = 4096


def make_swap(target: Target) -> None:
    """Write the header that makes the partition swap space."""
    filesystem = target.filesystem
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
