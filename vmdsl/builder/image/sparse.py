"""Files with holes: finding and copying their data alone."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

_CHUNK = 2**20
#: What the kernel says where it can't copy between these two files by itself.
_BY_HAND = {errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS}


def data(file: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the start and the end of each part of an open file that is not a hole."""
    position = start
    while position < end:
        try:
            position = os.lseek(file, position, os.SEEK_DATA)
        except OSError:  # nothing but a hole is left
            return
        if position < end:
            hole = min(os.lseek(file, position, os.SEEK_HOLE), end)
            yield position, hole
            position = hole


def pieces(file: int, start: int, end: int, size: int) -> Iterator[tuple[int, bytes]]:
    """Yield each piece of `size` bytes of an open file that isn't all zeros, with its offset.

    Pieces are counted from `start`, and the last may be shorter. A hole and as many zeros give
    the same: nothing.
    """
    zeros = bytes(size)
    done = start
    for begin, hole in data(file, start, end):
        for position in range(max(done, begin - (begin - start) % size), hole, size):
            piece = os.pread(file, min(size, end - position), position)
            if piece != zeros[: len(piece)]:
                yield position, piece
            done = position + size


def copy_data(source: int, target: int, *, size: int, offset: int = 0, start: int = 0) -> None:
    """Copy the bytes from `start` up to `size` of an open file to another one, `offset` further on.

    Holes are skipped. The position of the target is left alone: other processes may share it.
    """
    for begin, end in data(source, start, size):
        if not copy_part(source, target, begin, end, offset=offset):
            return


def copy_part(source: int, target: int, start: int, end: int, *, offset: int = 0) -> bool:
    """Copy all bytes of a part. Return False if the file has become shorter meanwhile."""
    position = start
    while position < end:
        copied = _copy(source, target, end - position, position, offset + position)
        if not copied:
            return False
        position += copied
    return True


def _copy(source: int, target: int, count: int, start: int, place: int) -> int:
    """Copy some bytes, or share them where the filesystem can. Returns how many."""
    try:
        return os.copy_file_range(source, target, count, start, place)
    except OSError as error:
        if error.errno not in _BY_HAND:
            raise
    return os.pwrite(target, os.pread(source, min(count, _CHUNK), start), place)
