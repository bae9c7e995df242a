"""Swap space: mkswap on a sparse file of its size, whose first page is all there is."""

from __future__ import annotations

import os

from vmdsl.build.tools import Target

_PAGE = 4096


def make_swap(target: Target) -> None:
    """Write the header that makes the partition swap space."""
    filesystem = target.filesystem
    file = target.tree.scratch / "swap"
    with file.open("wb") as stream:
        stream.truncate(target.size)
    file.chmod(0o600)
    label = filesystem.filesystem.label
    target.run(
        "mkswap",
        "--quiet",
        f"--pagesize={_PAGE}",
        f"--uuid={filesystem.uuid}",
        *([f"--label={label}"] if label else []),
        str(file),
    )
    with file.open("rb") as stream:
        os.pwrite(target.image, stream.read(_PAGE), target.offset)
    file.unlink()
