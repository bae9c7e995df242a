"""Copying the data of a file, and none of its holes."""

from __future__ import annotations

import errno
import os

_CHUNK = 2**20
#: What the kernel says where it can't copy between these two files by itself.
_BY_HAND = {errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS}


def copy_data(source: int, target: int, *, size: int, offset: int = 0) -> None:
    """Copy the first `size` bytes of an open file to `offset` of another one; holes are skipped.

    The position of the target is left alone: other processes may share it.
    """
    position = 0
    while position < size:
        try:
            position = os.lseek(source, position, os.SEEK_DATA)
        except OSError:  # nothing but a hole is left
            return
        hole = min(os.lseek(source, position, os.SEEK_HOLE), size)
        while position < hole:
            copied = _copy(source, target, hole - position, position, offset + position)
            if not copied:  # the file has become shorter
                return
            position += copied


def _copy(source: int, target: int, count: int, start: int, place: int) -> int:
    """Copy some bytes, or share them where the filesystem can; how many."""
    try:
        return os.copy_file_range(source, target, count, start, place)
    except OSError as error:
        if error.errno not in _BY_HAND:
            raise
    return os.pwrite(target, os.pread(source, min(count, _CHUNK), start), place)
