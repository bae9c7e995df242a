"""Btrfs, made straight from a directory by mkfs.btrfs.

It takes some things from the machine, and loses others: they are set afterwards, or refused. It
makes a filesystem no larger than it must be, which is then said to have its whole partition.
"""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

from vmdsl.builder.filesystems.btrfs_disk import Disk
from vmdsl.builder.filesystems.contents import File, read
from vmdsl.builder.filesystems.kinds import Kind, Need, Room
from vmdsl.builder.filesystems.target import Target
from vmdsl.errors import BuildError
from vmdsl.language.operation import problem_in

_BLOCK = 4096
_INLINE = 2048  # bytes of a file that need no block of their own


def make_btrfs(target: Target, content: Path | None) -> Room:
    """Make the filesystem with the content of a directory, or empty."""
    filesystem = target.filesystem.filesystem
    files = read(content) if content is not None else []
    _check(target, files)
    file = format_btrfs(target, content)
    size = target.size // _BLOCK * _BLOCK
    if file.stat().st_size > size:
        raise target.full()
    with file.open("r+b") as stream:
        try:
            disk = Disk(stream)
        except ValueError as error:
            raise BuildError(
                problem_in(filesystem, str(error), code="filesystem-content")
            ) from None
        disk.resize(size)
        if files:
            try:
                disk.fix_metadata(files, target.tree.epoch)
            except LookupError as error:
                what = f"mkfs.btrfs left out {error.args[0]}, or took it for another file"
                raise BuildError(problem_in(filesystem, what, code="filesystem-content")) from None
        free = disk.size - disk.used
    target.place(file)
    return Room(block=_BLOCK, free=free, available=free, inline=_INLINE)


def format_btrfs(target: Target, content: Path | None) -> Path:
    """Make the filesystem in a file of its own. It may come out smaller than its partition."""
    wanted = target.filesystem.filesystem
    file = target.blank_file()
    target.run(
        "mkfs.btrfs",
        "-q",
        "-f",
        "-U",
        target.filesystem.uuid,
        *(["-L", wanted.label] if wanted.label else []),
        *(["--rootdir", str(content), "--shrink"] if content else []),
        *wanted.options,
        str(file),
    )
    return file


def _check(target: Target, files: Sequence[File]) -> None:
    """Raise BuildError for what mkfs.btrfs would lose without a word."""
    filesystem = target.filesystem.filesystem
    for file in files:
        if stat.S_ISCHR(file.about.st_mode) or stat.S_ISBLK(file.about.st_mode):
            what = f"mkfs.btrfs cannot make {file.shown}, which is a device"
            raise BuildError(
                problem_in(
                    filesystem,
                    what,
                    "remove it: the machine makes its own",
                    code="filesystem-content",
                )
            )
    for name in files[0].attributes if files else ():
        what = f"mkfs.btrfs cannot give its top directory the attribute {name}"
        raise BuildError(
            problem_in(
                filesystem,
                what,
                "remove it, or give it to a directory below",
                code="filesystem-content",
            )
        )


def need_btrfs(files: Sequence[File], room: Room) -> Need:
    """Return the least that content takes: the data of files."""
    blocks = sum(
        file.blocks(room.block) for file in files if file.is_regular and file.size > room.inline
    )
    return Need(bytes=blocks * room.block, files=len(files))


KIND = Kind(make=make_btrfs, need=need_btrfs)
