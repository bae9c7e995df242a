"""Room in ext2, ext3 and ext4."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from vmdsl.builder.filesystems.room import Need, Room, folders

#: Kernels keep so many blocks of ext4, or a fiftieth of all if that is less, for themselves.
_KEPT_BLOCKS = 4096
_IN_INODE = 59  # bytes of a symlink's target that need no block
_NAME_HEAD = 8  # bytes of a directory's entry before the name
_DOTS = 24  # bytes of a directory's entries for itself and the one above
_IN_MAP = 12  # numbers of blocks in an inode without extents
_NUMBER = 4  # bytes of one in a block


def room_told(stats: str, *, kept: bool) -> Room:
    """The room that debugfs's `stats` tells of; `kept`: less what kernels keep of it."""

    def number(name: str) -> int:
        (value,) = re.findall(rf"^{name}:\s+(\d+)", stats, re.MULTILINE)
        return int(value)

    block, free = number("Block size"), number("Free blocks")
    away = number("Reserved block count")
    if kept:
        away += min(number("Block count") // 50, _KEPT_BLOCKS)
    return Room(
        block=block,
        free=free * block,
        available=max(free - away, 0) * block,
        files=number("Free inodes"),
        inline=number("Inode size") if "inline_data" in stats else 0,
    )


def need_with_extents(content: Path, room: Room) -> Need:
    """What the content takes of ext4 at the least: places of blocks mostly fit into the inode."""
    return _need(content, room, lambda _: 0)


def need_with_maps(content: Path, room: Room) -> Need:
    """The same of ext2 and ext3: the numbers of blocks beyond the twelfth are in more blocks."""
    return _need(content, room, lambda n: -(-max(n - _IN_MAP, 0) // (room.block // _NUMBER)))


def _need(content: Path, room: Room, maps: Callable[[int], int]) -> Need:
    """What the content takes at the least: mke2fs writes no block that is all zeros.

    `maps` is how many blocks say where a number of others are. Little is left uncounted: some
    more of those, and large extended attributes.
    """
    files = blocks = 0
    for folder in folders(content):
        if folder.depth:
            files += 1
        entries = sum(-(-(_NAME_HEAD + len(os.fsencode(n))) // 4) * 4 for n in folder.inside)
        if _DOTS + entries > room.inline:
            blocks += -(-(_DOTS + entries) // room.block)
        if not folder.depth:  # the top directory is there already
            blocks -= 1
        for name, about in folder.inside.items():
            if stat.S_ISLNK(about.st_mode):  # of a hard link to one it makes another
                files += 1
                blocks += about.st_size > max(_IN_INODE, room.inline)
            elif not stat.S_ISDIR(about.st_mode) and name not in folder.again:
                files += 1
                if stat.S_ISREG(about.st_mode) and about.st_size > room.inline:
                    data = folder.blocks(name, room.block)
                    blocks += data + maps(data)
    return Need(bytes=blocks * room.block, files=files)
