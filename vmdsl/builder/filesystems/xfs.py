"""XFS: made empty by mkfs.xfs, and filled here.

mkfs.xfs can fill what it makes, from a list of files, but then it knows no hard links, no times,
no extended attributes, no holes, and no spaces in names.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Sequence
from pathlib import Path

from vmdsl.builder.filesystems.contents import File, read
from vmdsl.builder.filesystems.kinds import Kind, Need, Room
from vmdsl.builder.filesystems.target import Target
from vmdsl.builder.filesystems.used import used_bytes
from vmdsl.builder.filesystems.xfs_disk import INODES, Disk, NoRoomError, sealed
from vmdsl.builder.filesystems.xfs_files import CORE, UnfitError, inode, time_field, write_inode
from vmdsl.builder.filesystems.xfs_names import least_blocks
from vmdsl.errors import BuildError, Hint, code
from vmdsl.language.handles import sector_of
from vmdsl.language.operation import problem_in
from vmdsl.values import SECTOR

_FIRST_INODES = 62  # are there already, and for files
#: What is made of all that the versions of mkfs.xfs make: what kernels since 5.10 and GRUB 2.06
#: read, and what this module can fill. Options of the recipe take the place of these.
_DEFAULTS = {
    "-m": {
        "crc": "1",
        "finobt": "1",
        "reflink": "1",
        "rmapbt": "0",
        "bigtime": "1",
        "inobtcount": "1",
    },
    "-i": {"sparse": "1", "nrext64": "0"},
}


def make_xfs(target: Target, content: Path | None) -> Room:
    """Make the filesystem with the content of a directory, or empty."""
    format_xfs(target)
    try:
        disk = Disk(target.image, target.offset)
    except ValueError as error:
        hint = Hint("remove the ", code("", options=None), " that ask for it")
        raise BuildError(
            problem_in(target.filesystem.filesystem, str(error), hint, code="filesystem-content")
        ) from None
    fill(target, disk, content)
    free = disk.free_blocks * disk.sb.block
    return Room(block=disk.sb.block, free=free, available=free, inline=disk.sb.inode - CORE)


def format_xfs(target: Target) -> None:
    """Make the filesystem, empty."""
    wanted = target.filesystem.filesystem
    file = target.blank_file()
    target.run(
        "mkfs.xfs",
        "-q",
        "-f",
        *(["-L", wanted.label] if wanted.label else []),
        *arguments(wanted.options, target.filesystem.uuid, sector_of(wanted.device)),
        str(file),
    )
    target.place(file)


def arguments(options: tuple[str, ...], uuid: str, sector: int = SECTOR) -> list[str]:
    """Return arguments for mkfs.xfs, which takes each part of an option once."""
    parts = {flag: dict(given) for flag, given in _DEFAULTS.items()}
    parts["-s"] = {"size": str(sector)}
    parts["-m"]["uuid"] = uuid
    others = []
    words = iter(options)
    for word in words:
        if word[:2] in parts:
            for part in (word[2:] or next(words, "")).split(","):
                name, _, value = part.partition("=")
                parts[word[:2]][name] = value
        else:
            others.append(word)
    listed = [
        word
        for flag, given in parts.items()
        for word in (flag, ",".join(f"{k}={v}" if v else k for k, v in given.items()))
    ]
    return [*listed, *others]


def fill(target: Target, disk: Disk, content: Path | None) -> None:
    """Write the files of a directory, and set the times of the inodes that are there already."""
    filesystem = target.filesystem.filesystem
    epoch = target.tree.epoch
    files = read(content) if content is not None else []
    try:
        fresh = disk.inode_numbers(max(len(files) - 1, 0))
        numbers = dict(zip(files, [disk.sb.root, *fresh], strict=False))
        for file, number in numbers.items():
            try:
                write_inode(disk, number, file, numbers, epoch)
            except UnfitError as error:
                raise BuildError(
                    problem_in(filesystem, f"{file.shown}: {error}", code="filesystem-content")
                ) from None
    except NoRoomError:
        raise target.full() from None
    own = [disk.sb.root + 1, disk.sb.root + 2]
    for number in own if content is not None else [disk.sb.root, *own]:
        _set_times(disk, number, epoch)
    for number in disk.free_inodes():
        block, at = disk.inode_place(number)
        disk.write(block, inode(disk, number), at=at)
    disk.close()


def _set_times(disk: Disk, number: int, epoch: int) -> None:
    """Set the times of an inode that mkfs.xfs made."""
    block, at = disk.inode_place(number)
    data = bytearray(disk.read(block, disk.sb.inode, at=at))
    time = time_field(disk, epoch * 10**9)
    struct.pack_into(">QQQ", data, 32, time, time, time)
    struct.pack_into(">I", data, 92, 0)  # the generation, which some versions take by chance
    struct.pack_into(">Q", data, 144, time)
    disk.write(block, sealed(data, 100), at=at)


def need_xfs(files: Sequence[File], room: Room) -> Need:
    """Return the least that content takes: the data of files, directories, and the inodes."""
    blocks = 0
    for file in files:
        if file.is_directory:
            blocks += least_blocks(map(os.fsencode, file.entries), room.block, room.inline)
        elif file.is_regular:
            blocks += file.blocks(room.block)
        elif file.is_symlink:
            blocks += file.size > room.inline
    chunks = -(-max(len(files) - _FIRST_INODES, 0) // INODES)
    inodes = chunks * INODES * (room.inline + CORE)
    return Need(bytes=blocks * room.block + inodes, files=len(files))


def _used_by_xfs(target: Target) -> list[tuple[int, int]]:
    asked = ("sb 0", "print blocksize dblocks agblocks", "freesp -d")
    words = [word for question in asked for word in ("-c", question)]
    return used_shown(target.run("xfs_db", "-r", *words, target.path, logged=False))


def used_shown(said: str) -> list[tuple[int, int]]:
    """Return where there are blocks that are not free, by what xfs_db says."""
    numbers = dict(re.findall(r"^(\w+) = (\d+)$", said, re.MULTILINE))
    group, block, count = (int(numbers[n]) for n in ("agblocks", "blocksize", "dblocks"))
    rows = re.findall(r"^ *(\d+) +(\d+) +(\d+)$", said, re.MULTILINE)
    free = [(int(number) * group + int(first), int(blocks)) for number, first, blocks in rows]
    return used_bytes(free, block=block, count=count)


KIND = Kind(make=make_xfs, need=need_xfs, used=_used_by_xfs)
