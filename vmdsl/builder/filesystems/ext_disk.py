"""ext on disk, after mke2fs has filled it: files that lack blocks, and commands to allocate them.

mke2fs makes a hole of each block that is all zeros. debugfs can allocate it: as an extent that is
not written, or, without extents, as a block of zeros. Numbers are little-endian.
"""

from __future__ import annotations

import os
import re
import stat
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from vmdsl.builder.image.allocation import allocated, rounded

_EXTENTS, _INLINE, _IN_BLOCKS = 0x80000, 0x10000000, 0x40000
_UNIT = 512
_DIRECT = 12  # blocks of a file that the inode itself lists
_ENTRIES_AT, _DEPTH_AT = 2, 6
_CORE = 128


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The numbers that debugfs's `stats` shows; `tables` are the first blocks of inode tables."""

    block: int
    inode: int
    per_group: int
    tables: tuple[int, ...]

    @classmethod
    def shown(cls, stats: str) -> Shape:
        """Read the numbers."""

        def number(name: str) -> int:
            return int(re.findall(rf"^{name}:\s+(\d+)", stats, re.MULTILINE)[0])

        tables = tuple(int(found) for found in re.findall(r"inode table at (\d+)", stats))
        return cls(
            block=number("Block size"),
            inode=number("Inode size"),
            per_group=number("Inodes per group"),
            tables=tables,
        )


def with_holes(image: int, offset: int, shape: Shape, inodes: Iterable[int]) -> Iterator[int]:
    """Yield each inode of a regular file that may have holes."""
    for number in inodes:
        group, index = divmod(number - 1, shape.per_group)
        place = offset + shape.tables[group] * shape.block + index * shape.inode
        if _may_have_holes(os.pread(image, _CORE, place), shape.block):
            yield number


def _may_have_holes(inode: bytes, block: int) -> bool:
    mode, _, low = struct.unpack_from("<HHI", inode)
    blocks, flags = struct.unpack_from("<II", inode, 28)
    (high,) = struct.unpack_from("<I", inode, 108)
    (blocks_high,) = struct.unpack_from("<H", inode, 116)
    if not stat.S_ISREG(mode) or flags & _INLINE:
        return False
    whole = -(-(high << 32 | low) // block)
    held = (blocks_high << 32 | blocks) * (1 if flags & _IN_BLOCKS else _UNIT / block)
    return bool(held < whole + _lists(inode, whole, block, extents=bool(flags & _EXTENTS)))


def _lists(inode: bytes, whole: int, block: int, *, extents: bool) -> float:
    """Return how many blocks list those of a file without holes; infinity if that is not known."""
    if extents:
        (entries,), (depth,) = (
            struct.unpack_from("<H", inode, 40 + at) for at in (_ENTRIES_AT, _DEPTH_AT)
        )
        return (0, entries)[depth] if depth < 2 else float("inf")  # noqa: PLR2004 (two levels)
    each = block // 4
    count, rest, level = 0, whole - _DIRECT, 1
    while rest > 0:
        here = min(rest, each**level)
        count += sum(-(-here // each**below) for below in range(1, level + 1))
        rest -= here
        level += 1
    return count


def paths_of(said: str) -> Mapping[int, str]:
    """Return a path of each inode, from the output of debugfs's `ncheck`."""
    found = re.findall(r"^(\d+)\t/+(.*?)$(?=\n\d+\t|\n*\Z)", said, re.MULTILINE | re.DOTALL)
    return {int(number): path for number, path in found}


def allocations(content: Path, paths: Mapping[int, str], block: int) -> list[str]:
    """Return commands for debugfs that give files the blocks that they have in a directory."""
    commands = []
    for inode, path in paths.items():
        file = os.open(content / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            size = os.fstat(file).st_size
            for start, end in rounded(allocated(file), block, size):
                commands.append(f"fallocate <{inode}> {start // block} {(end - 1) // block}")
        finally:
            os.close(file)
    return commands
