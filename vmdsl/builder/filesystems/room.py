"""Room in filesystems: what one has, and what content needs at least.

Each kind of filesystem has a `make` that tells the room that is left in what it has made, and a
`need` that counts what content takes. How much an empty filesystem of some size has is found out
by making one in a scratch file: nobody's arithmetic but that of its own tools.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from vmdsl.builder.filesystems.target import Target
from vmdsl.errors import Problem
from vmdsl.values import Size

#: A file takes no more than so many of the entries that FAT's top directory has.
_MOST_ENTRIES = 21
#: Blocks and files of a usual filesystem are more than one for so many bytes.
_LARGE_BLOCK = 2**15
_BYTES_PER_FILE = 2**16


@dataclass(frozen=True, kw_only=True)
class Room:
    """What is free in a filesystem.

    `block` is the unit in which it is given out, in bytes. `free` is all that can still be
    written, and `available` what users other than root get of it, as df shows it; both in bytes.
    `files` is how many more files it can hold, or None where only bytes limit that. A file of
    `inline` bytes or less needs no block.
    """

    block: int
    free: int
    available: int
    files: int | None = None
    inline: int = 0


@dataclass(frozen=True, kw_only=True)
class Need:
    """What content takes at the least, in bytes and in files, of the room of an empty one."""

    bytes: int
    files: int


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How filesystems of a kind are made and measured.

    `make` makes the target with the content of a directory, or empty. `need` is never more than
    what `make` takes of the room given, which is that of an empty filesystem. `least` is the
    smallest size in bytes to try; `files` is what the number of files is a number of.
    """

    make: Callable[[Target, Path | None], Room]
    need: Callable[[Path, Room], Need]
    least: int = 2**20
    files: str = "files and directories"


def room_of_empty(kind: Kind, target: Target, size: int) -> Room:
    """The room of an empty filesystem like the target, but of a size in bytes."""
    file = target.tree.scratch / "empty"
    with file.open("w+b") as stream:
        stream.truncate(size)
        place = replace(target.filesystem.partition, start=0, size=size)
        filesystem = replace(target.filesystem, device=place)
        room = kind.make(replace(target, filesystem=filesystem, image=stream.fileno()), None)
    file.unlink()
    return room


def shortage(kind: Kind, target: Target, content: Path) -> Problem | None:
    """What to say where the target is too small for the content, whatever its tools can do."""
    room = room_of_empty(kind, target, target.size)
    if _surely_fits(content, room):
        return None
    need = kind.need(content, room)
    filesystem, partition = target.filesystem.filesystem, target.filesystem.partition.partition
    size = Size(target.size)
    if (lacking := need.bytes - room.free) > 0:
        what = (
            f"its content needs {mib(need.bytes)} at least, and {filesystem.kind} of {size} has "
            f"{mib(room.free)} for it: {mib(lacking)} too little"
        )
        more = f"by {-(-lacking // 2**20)} MiB or more"
    elif room.files is not None and (missing := need.files - room.files) > 0:
        what = (
            f"its content is {need.files} {kind.files}, and {filesystem.kind} of {size} has room "
            f"for {room.files}: {missing} too few"
        )
        more = "for it to have more"
    else:
        return None
    where = f"the partition {partition.name} ({partition.origin.where})"
    if partition.size is partition.end is None:
        return filesystem.problem(what, f"{where} takes what is left: enlarge the image {more}")
    return filesystem.problem(what, f"enlarge {where} {more}")


def fits_easily(content: Path, size: int) -> bool:
    """Whether content fits into any usual filesystem of a size in bytes, many times over."""
    entries, blocks = _generous(content, _LARGE_BLOCK)
    return max(blocks * _LARGE_BLOCK, entries * _BYTES_PER_FILE) <= size


def _surely_fits(content: Path, room: Room) -> bool:
    """Whether a generous guess fits, for which no file need be read.

    Each entry has as many blocks as its size takes, and two more.
    """
    block = max(room.block, 4096)
    entries, blocks = _generous(content, block)
    few = room.files is None or entries * _MOST_ENTRIES <= room.files
    return few and blocks * block <= room.free


def _generous(content: Path, block: int) -> tuple[int, int]:
    """How many entries there are, and a generous guess of their blocks."""
    entries = blocks = 0
    for folder in folders(content):
        entries += len(folder.inside)
        blocks += sum(2 - -about.st_size // block for about in folder.inside.values())
    return entries, blocks


def mib(size: int) -> str:
    """A number of bytes, rounded up to a tenth of a MiB."""
    return f"{-(-size * 10 // 2**20) / 10:.1f} MiB"


@dataclass(frozen=True)
class Folder:
    """A directory of some content: what is in it, and what of that was met before as a hard link.

    `at` is the open directory. `depth` is 0 at the top.
    """

    at: int
    depth: int
    inside: dict[str, os.stat_result]
    again: frozenset[str]

    def blocks(self, name: str, block: int) -> int:
        """How many blocks of a regular file hold something other than zeros."""
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.at)
        with os.fdopen(file, "rb", buffering=0):
            return _blocks(file, block)


def folders(content: Path) -> Iterator[Folder]:
    """A directory and all below it."""
    seen: set[tuple[int, int]] = set()
    for path, below, files, at in os.fwalk(os.fsencode(content)):
        inside = {}
        again = set()
        for name in map(os.fsdecode, [*below, *files]):
            inside[name] = about = os.lstat(name, dir_fd=at)
            if stat.S_ISDIR(about.st_mode) or about.st_nlink == 1:
                continue
            identity = (about.st_dev, about.st_ino)
            if identity in seen:
                again.add(name)
            seen.add(identity)
        depth = len(Path(os.fsdecode(path)).relative_to(content).parts)
        yield Folder(at, depth, inside, frozenset(again))


_CHUNK = 2**20


def _blocks(file: int, block: int) -> int:
    zeros = bytes(block)
    found = position = 0
    chunk = max(_CHUNK // block, 1) * block
    end = os.fstat(file).st_size
    while position < end:
        try:  # what is in a hole is zeros, and need not be read
            data = os.lseek(file, position, os.SEEK_DATA)
        except OSError:
            break
        position = max(position, data // block * block)
        part = os.pread(file, chunk, position)
        if not part:
            break
        if zeros in part:
            pieces = (part[at : at + block] for at in range(0, len(part), block))
            found += sum(piece != zeros[: len(piece)] for piece in pieces)
        else:
            tail = len(part) % block
            found += len(part) // block + (tail > 0 and part[-tail:] != zeros[:tail])
        position += len(part)
    return found
