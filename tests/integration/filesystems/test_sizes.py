"""The limits that rules know are those of the tools: around each of them the real one is asked."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from vmdsl.errors import Where
from vmdsl.language.handles import Disk, Filesystem, Gpt, Partition, own_arguments, size_limits
from vmdsl.language.operation import Origin
from vmdsl.operations.disk.ext import Ext2, Ext3, Ext4
from vmdsl.operations.disk.fat import Vfat

MIB = 2**20
#: What of the sizes between is not known to the rules.
UNSURE = 0.03


ORIGIN = Origin("a", Where(Path("r.py")), Path())
#: On a disk of the usual sectors.
PARTITION = Partition(
    table=Gpt(disk=Disk(size=None, _origin=ORIGIN), _origin=ORIGIN), type="linux", _origin=ORIGIN
)


def made(kind: type[Filesystem], **settings: Any) -> Filesystem:
    return kind(device=PARTITION, _origin=ORIGIN, **settings)


def works(filesystem: Filesystem, size: int, file: Path) -> bool:
    """Whether the tool makes it, as vmdsl calls it, in a sparse file of a size."""
    with file.open("wb") as stream:
        stream.truncate(size)
    if isinstance(filesystem, Vfat):
        argv = ["mkfs.vfat", *own_arguments(filesystem), str(file)]
    else:
        argv = ["mke2fs", "-n", "-F", "-t", filesystem.kind, *own_arguments(filesystem), str(file)]
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"}
    )
    return done.returncode == 0 and "too small for a journal" not in done.stderr


@pytest.mark.integration
@pytest.mark.parametrize(
    "filesystem",
    [
        made(Vfat, fat=12),
        made(Vfat, fat=12, cluster=4096),
        made(Vfat, fat=16),
        made(Vfat, fat=16, cluster=512),
        made(Vfat, fat=16, cluster=65536),
        made(Ext2, block_size=1024),
        made(Ext3, block_size=1024),
        made(Ext4, block_size=1024, features=("^64bit", "^metadata_csum")),
    ],
    ids=lambda f: f"{f.kind} {' '.join(own_arguments(f))}",
)
def test_limits_are_those_of_the_tool(filesystem: Filesystem, tmp_path: Path) -> None:
    limits = size_limits(filesystem, 64 * MIB)
    sector = 512
    for size, expected in (
        (int(limits.least * (1 + UNSURE)), True),
        (int(limits.least * (1 - UNSURE)), False),
        (int(limits.most * (1 - UNSURE)), True),
        (int(limits.most * (1 + UNSURE)), False),
    ):
        if size > MIB:
            rounded = size // sector * sector
            assert works(filesystem, rounded, tmp_path / "image") is expected, rounded
