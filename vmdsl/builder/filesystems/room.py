"""Room in filesystems: whether content fits, and the smallest filesystem that it fits into.

How much room an empty filesystem of some size has is found out by making one in a scratch file:
by the arithmetic of its own tools, and no other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from vmdsl.builder.filesystems.contents import File, read
from vmdsl.builder.filesystems.kinds import NOTHING, Kind, Need, Room
from vmdsl.builder.filesystems.target import Target
from vmdsl.errors import BuildError, Hint, Problem, code
from vmdsl.language.handles import BlockDevice, LogicalVolume, Partition, traits_of
from vmdsl.language.operation import origin_of, problem_in, shown_with_line
from vmdsl.plan.extents import round_up_to_mib
from vmdsl.values import Size

#: A file takes no more than so many of the entries that FAT's top directory has.
_MOST_ENTRIES = 21
#: Blocks and files of a usual filesystem are more than one for so many bytes.
_LARGE_BLOCK = 2**15
_BYTES_PER_FILE = 2**16
_MOST = 2**30  # an empty filesystem larger than this, in bytes, can be made if any can
_SPARE_BLOCKS = 64


def room_of_empty(kind: Kind, target: Target, size: int) -> Room:
    """Return the room of an empty filesystem like the target, but of a size in bytes."""
    file = target.tree.scratch / "empty"
    with file.open("w+b") as stream:
        stream.truncate(size)
        room = kind.make(replace(target, image=stream.fileno(), offset=0, size=size), None)
    file.unlink()
    return room


def shortage(kind: Kind, target: Target, content: Path) -> Problem | None:
    """Return the problem of a target that is certainly too small for the content."""
    room = room_of_empty(kind, target, target.size)
    files = read(content)
    if _surely_fits(files, room):
        return None
    need = kind.need(files, room)
    filesystem = target.filesystem.filesystem
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
    return problem_in(filesystem, what, _enlarge(filesystem.device, more), code="no-room")


def _enlarge(device: BlockDevice, more: str) -> str:
    """Return the hint at a larger device, or at what it takes its room from."""
    where = f"{device.name} ({origin_of(device).where})"
    match device:
        case Partition(size=None, end=None):
            return f"the partition {where} takes what is left: enlarge the image {more}"
        case Partition():
            return f"enlarge the partition {where} {more}"
        case LogicalVolume(size=None):
            group = shown_with_line(device.group)
            return f"the volume {where} takes what is left: enlarge the volume group {group} {more}"
        case LogicalVolume():
            return f"enlarge the volume {where} {more}"
    return f"enlarge {where} {more}"


def fits_easily(files: Sequence[File], size: int) -> bool:
    """Return whether content fits into any usual filesystem of `size` bytes, by a wide margin."""
    entries, blocks = _generous(files, _LARGE_BLOCK)
    return max(blocks * _LARGE_BLOCK, entries * _BYTES_PER_FILE) <= size


def _surely_fits(files: Sequence[File], room: Room) -> bool:
    """Return whether a generous guess fits, for which no file need be read.

    Each entry has as many blocks as its size takes, and two more.
    """
    block = max(room.block, 4096)
    entries, blocks = _generous(files, block)
    few = room.files is None or entries * _MOST_ENTRIES <= room.files
    return few and blocks * block <= room.free


def _generous(files: Sequence[File], block: int) -> tuple[int, int]:
    """Return the number of entries of directories, and a generous guess of their blocks."""
    entries = [entry for file in files for entry in file.entries.values()]
    return len(entries), sum(2 - -entry.size // block for entry in entries)


def mib(size: int) -> str:
    """Return a number of bytes as text, rounded up to a tenth of a MiB."""
    return f"{-(-size * 10 // 2**20) / 10:.1f} MiB"


def least_size(kind: Kind, target: Target, content: Path | None, *, free: int) -> int:
    """Return the smallest size that fits the content and `free` bytes more.

    It is in bytes, of whole MiB. Empty filesystems are made, larger and larger, and their own tools
    asked. Each step is by no more than is lacking, so the first that suffices is the smallest.
    Raises BuildError.
    """
    size = round_up_to_mib(max(traits_of(target.filesystem.filesystem).least, free, 1))
    content_files = read(content) if content else None
    files = -1
    counted: dict[tuple[int, int], Need] = {}
    while True:
        try:
            room = room_of_empty(kind, target, size)
        except BuildError:
            if size > _MOST:
                raise
            size *= 2  # its tools want more, even for an empty one
            continue
        need = counted.get((room.block, room.inline))
        if need is None:
            need = kind.need(content_files, room) if content_files else NOTHING
            counted[room.block, room.inline] = need
        lacking = _lacking(room, need, free)
        if (missing := _missing(room, need, free)) > 0:
            if room.files != files:
                lacking = max(lacking, missing * size // max(room.files or 0, 1))
            elif size <= _MOST:  # FAT's larger kind has no limit
                lacking = (1 << size.bit_length()) - size
            else:
                raise _never_enough(target, kind, need, room)
            files = room.files or 0
        if lacking <= 0:
            return size
        size += round_up_to_mib(lacking)


def _never_enough(target: Target, kind: Kind, need: Need, room: Room) -> BuildError:
    filesystem = target.filesystem.filesystem
    what = f"its content is {need.files} {kind.files}, and it has room for {room.files}"
    inodes = code("", inodes=None)
    hint = Hint("a larger size gives it no more", "; is the number given with ", inodes)
    return BuildError(problem_in(filesystem, what, hint, code="no-room"))


def _lacking(room: Room, need: Need, free: int) -> int:
    """Return how many bytes are missing, with some to spare for what isn't counted of the need."""
    spare = need.bytes // 512 + _SPARE_BLOCKS * room.block
    return need.bytes + spare + free - room.available


def _missing(room: Room, need: Need, free: int) -> int:
    """Return how many files too few fit. The free space is to be of use for some, too."""
    return 0 if room.files is None else need.files + free // _BYTES_PER_FILE - room.files
