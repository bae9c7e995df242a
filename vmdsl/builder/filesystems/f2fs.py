"""F2FS: made by mkfs.f2fs, filled from a directory by sload.f2fs, and corrected here."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

from vmdsl.builder.filesystems.contents import File, read
from vmdsl.builder.filesystems.f2fs_disk import BLOCK, Disk, UnfitError
from vmdsl.builder.filesystems.kinds import Kind, Need, Room
from vmdsl.builder.filesystems.target import Target
from vmdsl.errors import BuildError
from vmdsl.language.operation import problem_in

_INLINE = 3400  # bytes of a file that need no block of their own
_HELD = (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)


def make_f2fs(target: Target, content: Path | None) -> Room:
    """Make the filesystem with the content of a directory, or empty."""
    filesystem = target.filesystem.filesystem
    files = read(content) if content is not None else []
    _check(target, files)
    file = format_f2fs(target, content)
    with file.open("r+b") as stream:
        try:
            disk = Disk(stream)
            disk.forget_the_kernel()
            if files:
                disk.fix_metadata(files, target.tree.epoch)
        except UnfitError as error:
            raise BuildError(
                problem_in(filesystem, str(error), code="filesystem-content")
            ) from None
        except LookupError as error:
            what = f"sload.f2fs left out {error.args[0]}"
            raise BuildError(problem_in(filesystem, what, code="filesystem-content")) from None
    target.place(file)
    return Room(block=BLOCK, free=disk.free, available=disk.free, inline=_INLINE)


def format_f2fs(target: Target, content: Path | None) -> Path:
    """Make the filesystem in a file of its own."""
    wanted = target.filesystem.filesystem
    file = target.blank_file()
    target.run(
        "mkfs.f2fs",
        "-q",
        "-f",
        "-r",
        "-T",
        str(target.tree.epoch),
        "-U",
        target.filesystem.uuid,
        *(["-l", wanted.label] if wanted.label else []),
        *wanted.options,
        str(file),
    )
    if content is not None:
        target.run("sload.f2fs", "-P", "-f", str(content), str(file))
    return file


def _check(target: Target, files: Sequence[File]) -> None:
    """Raise BuildError for what sload.f2fs would leave out without a word."""
    for file in files:
        if stat.S_IFMT(file.about.st_mode) not in _HELD:
            what = f"sload.f2fs cannot make {file.shown}, which is a pipe, a socket or a device"
            problem = problem_in(
                target.filesystem.filesystem, what, "remove it", code="filesystem-content"
            )
            raise BuildError(problem)


def need_f2fs(files: Sequence[File], room: Room) -> Need:
    """Return the least that content takes: an inode a file, and the data, zeros too."""
    blocks = len(files)
    for file in files:
        if file.is_regular and file.size > room.inline:
            blocks += -(-file.size // room.block)
    return Need(bytes=blocks * room.block, files=len(files))


KIND = Kind(make=make_f2fs, need=need_f2fs)
