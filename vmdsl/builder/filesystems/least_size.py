"""How large a filesystem is that is to hold its content, and has so much free besides."""

from __future__ import annotations

from pathlib import Path

from vmdsl.builder.filesystems.room import Kind, Need, Room, room_of_empty
from vmdsl.builder.filesystems.target import Target
from vmdsl.errors import BuildError
from vmdsl.plan.extents import round_up_to_mib

_MOST = 2**30  # an empty filesystem larger than this, in bytes, can be made if any can
_BYTES_PER_FILE = 2**16  # of what is to be free
_SPARE_BLOCKS = 64


def least_size(kind: Kind, target: Target, content: Path | None, *, free: int) -> int:
    """The size, in whole MiB, of the smallest such filesystem; `free` is in bytes.

    Empty filesystems are made, larger and larger, and their own tools asked. Each step is by no
    more than what is lacking, so the first that suffices is the smallest. Raises BuildError.
    """
    size = round_up_to_mib(max(kind.least, free))
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
            need = kind.need(content, room) if content else Need(bytes=0, files=0)
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
    hint = "a larger size gives it no more: does inodes= say how many there are?"
    return BuildError(filesystem.problem(what, hint))


def _lacking(room: Room, need: Need, free: int) -> int:
    """How many bytes are too few. Some are spare, for what isn't counted of the need."""
    spare = need.bytes // 512 + _SPARE_BLOCKS * room.block
    return need.bytes + spare + free - room.available


def _missing(room: Room, need: Need, free: int) -> int:
    """How many files are too few: what is free is to be of use for some."""
    return 0 if room.files is None else need.files + free // _BYTES_PER_FILE - room.files
