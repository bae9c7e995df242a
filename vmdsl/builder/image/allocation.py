"""Which parts of a file are allocated: all but its holes.

A filesystem takes what was only reserved, by fallocate(2), for a hole when it is asked for data: so
it is also asked for its extents (FIEMAP). Parts are of whole blocks of 4096 bytes, however small or
large those of the filesystem are.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct
from collections.abc import Iterable, Iterator

from vmdsl.builder.image.sparse import copy_part, data

#: The start and the end of a part of a file.
Part = tuple[int, int]

BLOCK = 4096
_CHUNK = 2**20
_FIEMAP, _MOST = 0xC020660B, 64
_FIEMAP_HEAD, _FIEMAP_EXTENT = struct.Struct("=QQIIII"), struct.Struct("=QQQ16xI12x")
_LAST, _UNWRITTEN = 0x1, 0x800
_GET_FLAGS, _PREALLOCATED = 0x801C581F, 0x2
_XFS = 0x58465342
_KEEP_SIZE, _PUNCH_HOLE = 1, 2
_LIBC = ctypes.CDLL(None, use_errno=True)


def allocated(file: int) -> list[Part]:
    """Return the parts of an open file that are allocated, in order, with a hole between two."""
    about = os.fstat(file)
    found = list(data(file, 0, about.st_size))
    if about.st_blocks:
        found += [(0, about.st_size)] if about.st_size <= BLOCK else _reserved(file)
    return rounded(found, BLOCK, about.st_size)


def rounded(parts: Iterable[Part], block: int, size: int) -> list[Part]:
    """Return parts of a file of a size, enlarged to whole blocks; those that touch become one."""
    found: list[Part] = []
    for start, end in sorted(parts):
        first = start // block * block
        last = min(-(-end // block) * block, size)
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        elif first < last:
            found.append((first, last))
    return found


def copy_content(source: int, target: int) -> None:
    """Copy an open file to an empty one. Holes stay holes, and all else is allocated."""
    size = os.fstat(source).st_size
    for start, end in allocated(source):
        copy_part(source, target, start, end)
    os.ftruncate(target, size)
    while more := os.pread(source, _CHUNK, size):  # files of the kernel don't know their sizes
        size += os.pwrite(target, more, size)


def write_what_is_reserved(path: str) -> None:
    """Write zeros to all that is reserved in a file and was never written.

    Overlayfs and tar copy data, and would make holes of the rest. Files that run as another user
    stay as they are: whoever writes to one takes that away.
    """
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        reserved = [part for part in _reserved(file) if any(_zeros(file, *part))]
        if reserved and "security.capability" not in os.listxattr(file):
            _write_zeros(path, file, reserved)
    finally:
        os.close(file)


def restore_holes(path: str, before: str) -> None:
    """Make holes again of what overlayfs has filled with zeros in a copy of a file.

    It copies a MiB from where it finds data. Files that run as another user stay as they are.
    """
    source = os.open(before, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    file = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        about, size = os.fstat(file), os.fstat(source).st_size
        kept = [*allocated(source), *_reserved(file)]
        if kept == [(0, size)] or "security.capability" in os.listxattr(file):
            return
        for start, end in _chunks(source, min(size, about.st_size)):
            for hole in _without(_zeros(file, start, end), kept):
                _punch(file, *hole)
        os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))
    finally:
        os.close(source)
        os.close(file)


def _chunks(file: int, size: int) -> Iterator[Part]:
    """Yield the parts of a file that overlayfs copies, holes in them too."""
    position = 0
    for start, end in data(file, 0, size):
        position = max(position, start)
        while position < end:
            yield position, min(position + _CHUNK, size)
            position += _CHUNK


def _without(parts: Iterable[Part], others: Iterable[Part]) -> Iterator[Part]:
    """Yield what is left of parts without others."""
    taken = sorted(others)
    for start, end in parts:
        position = start
        for first, last in taken:
            if position < first < end:
                yield position, first
            if first < end:
                position = max(position, last)
        if position < end:
            yield position, end


def _punch(file: int, start: int, end: int) -> None:
    place, size = ctypes.c_int64(start), ctypes.c_int64(end - start)
    if _LIBC.fallocate64(file, _PUNCH_HOLE | _KEEP_SIZE, place, size) != 0:
        number = ctypes.get_errno()
        if number != errno.EOPNOTSUPP:
            raise OSError(number, os.strerror(number))


def _write_zeros(path: str, file: int, parts: Iterable[Part]) -> None:
    about = os.fstat(file)
    writer = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        for part in parts:
            for start, end in _zeros(file, *part):
                os.pwrite(writer, bytes(end - start), start)
        os.utime(writer, ns=(about.st_atime_ns, about.st_mtime_ns))
    finally:
        os.close(writer)


def _zeros(file: int, start: int, end: int) -> Iterator[Part]:
    """Yield the blocks of a part that are zeros; several that follow each other as one."""
    for position in range(start, end, _CHUNK):
        chunk = os.pread(file, min(_CHUNK, end - position), position)
        first = None
        for at in range(0, len(chunk), BLOCK):
            zero = not chunk[at] and not chunk[at : at + BLOCK].strip(b"\0")
            if zero and first is None:
                first = at
            elif not zero and first is not None:
                yield position + first, position + at
                first = None
        if first is not None:
            yield position + first, position + len(chunk)


def _reserved(file: int) -> list[Part]:
    """Return the parts, within its size, that were reserved by fallocate(2), written or not."""
    about = os.fstat(file)
    try:
        found = [
            (start, min(end, about.st_size))
            for start, end, flags in _extents(file, about.st_size)
            if flags & _UNWRITTEN and start < about.st_size
        ]
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.ENOTTY):
            raise
        # As on tmpfs. What is reserved can't be told from holes if there are any.
        return [(0, about.st_size)] if about.st_blocks * 512 >= about.st_size else []
    return [] if found and _reserves_by_itself(file) else found


def _extents(file: int, size: int) -> Iterator[tuple[int, int, int]]:
    """Yield the start, the end and the flags of each extent of a file."""
    position, last = 0, False
    while position < size and not last:
        answer = bytearray(_FIEMAP_HEAD.size + _MOST * _FIEMAP_EXTENT.size)
        _FIEMAP_HEAD.pack_into(answer, 0, position, size - position, 0, 0, _MOST, 0)
        fcntl.ioctl(file, _FIEMAP, answer)
        count = _FIEMAP_HEAD.unpack_from(answer)[3]
        for number in range(count):
            at = _FIEMAP_HEAD.size + number * _FIEMAP_EXTENT.size
            start, _, length, flags = _FIEMAP_EXTENT.unpack_from(answer, at)
            yield start, start + length, flags
            position, last = start + length, bool(flags & _LAST)
        last = last or not count


def _reserves_by_itself(file: int) -> bool:
    """Return whether nobody but XFS reserved something: it does so for files that grow."""
    about = (ctypes.c_long * 64)()
    if _LIBC.fstatfs(file, ctypes.byref(about)) != 0 or about[0] != _XFS:
        return False
    answer = bytearray(28)
    fcntl.ioctl(file, _GET_FLAGS, answer)
    return not int.from_bytes(answer[:4], "little") & _PREALLOCATED
