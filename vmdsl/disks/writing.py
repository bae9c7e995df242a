"""Writes an image to a disk, and compares.

The start of the disk, with the partition table, is erased first and written last: a disk that is
half-written has no table, and nothing starts from it.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from vmdsl.builder.image.sparse import pieces
from vmdsl.builder.report.progress import Listener, Work
from vmdsl.disks.disk import Disk
from vmdsl.disks.source import Source
from vmdsl.disks.tables import Table, table_for
from vmdsl.errors import BuildError, HostError, Problem
from vmdsl.values import SECTOR, Size

#: What is written at once; also the size of the start that is written last, and of the end of the
#: disk that is erased: older tables and signatures may be there.
_PIECE = 2**20
#: As much is written until it is waited for the disk, so that progress is that of the disk.
_UNSYNCED = 32 * _PIECE
_LIBC = ctypes.CDLL(None, use_errno=True)
#: FALLOC_FL_PUNCH_HOLE and FALLOC_FL_KEEP_SIZE: the disk discards the bytes, and reads zeros.
_PUNCH = 0x02 | 0x01
#: Lets the kernel read the partition table again.
_BLKRRPART = 0x125F
_BROKEN = (
    "it is broken, or badly connected: try another port, reader or disk; as root, dmesg says more"
)
_GONE = (errno.ENODEV, errno.ENXIO, errno.ENOMEDIUM, errno.ESHUTDOWN)


def require_fit(disk: Disk, *, name: str, size: int, sector: int) -> None:
    """Raise HostError if an image of a size, for sectors of a size, does not fit a disk.

    `sector` is 0 if that is not known.
    """
    if size > disk.size:
        what = f"{disk} is too small: it has {Size(disk.size)}, and {name} has {Size(size)}"
        raise HostError(
            Problem(what=what, hint="use a larger disk, or a smaller image", code="wrong-disk")
        )
    if sector in (0, disk.sector) and size % disk.sector == 0:
        return
    made = sector or SECTOR
    raise HostError(
        Problem(
            what=f"{name} is made for sectors of {made} bytes, and those of {disk} have "
            f"{disk.sector}",
            hint=f"build it for such disks: mkimg(…, sector={disk.sector})",
            code="wrong-disk",
        )
    )


def fitting_table(source: Source, disk: Disk) -> Table:
    """Return the table of an image as it has to be on a disk.

    Raises UsageError or HostError if the image is damaged or does not fit.
    """
    table = table_for(source.file, name=source.name, size=source.size, disk=disk.size)
    require_fit(disk, name=source.name, size=source.size, sector=table.sector)
    return table


def write_image(
    source: Source, table: Table, disk: Disk, *, compare: bool, listener: Listener
) -> int:
    """Write an image to a disk, and return how many bytes were written.

    What is not data in the image becomes zeros, which are discarded if the disk can do that. With
    `compare`, everything that was written is read back. Raises BuildError if the disk or the image
    fails; then, as on a signal, the disk has no partition table.
    """
    writing = _Writing(source, table, disk, listener, total=1 + compare)
    try:
        writing.erase_ends()
        writing.start(f"write {source.name} to {disk}")
        writing.write_body()
        if compare:
            writing.start(f"compare {disk} with {source.name}")
            writing.compare()
        writing.write_table(compare=compare)
    except BaseException as error:
        with suppress(OSError, BuildError):
            writing.erase_ends()
        if isinstance(error, OSError):
            raise half_written(disk, f"{source.name} cannot be read: {error.strerror}") from None
        raise
    with suppress(OSError):  # only root may; udev does it when the file is closed
        fcntl.ioctl(disk.file, _BLKRRPART)
    return writing.written


def half_written(disk: Disk, why: str, hint: str = "") -> BuildError:
    """Return the error that a disk was not written to its end, and why."""
    what = f"{disk} is not usable now, and has no partition table: {why}"
    return BuildError(Problem(what=what, hint=hint or "write to it again", code="half-written"))


class _Writing:
    """One image on its way to a disk."""

    def __init__(
        self, source: Source, table: Table, disk: Disk, listener: Listener, *, total: int
    ) -> None:
        self.written = 0
        self._source, self._table, self._disk = source, table, disk
        self._listener, self._total, self._number = listener, total, 0
        #: What was written: where it begins and ends, and whether it is the image's, or zeros.
        self._parts: list[tuple[int, int, bool]] = []
        self._unsynced = 0
        self._is_erased = False
        self._can_punch = True
        self._start = bytearray(os.pread(source.file, _PIECE, 0))
        end = len(self._start)
        first, behind = (min(place, end) for place in table.backup)
        self._start[first:behind] = bytes(behind - first)
        for at, piece in table.changed:
            if at + len(piece) <= end:
                self._start[at : at + len(piece)] = piece

    def start(self, summary: str) -> None:
        """Report that the next piece of work begins."""
        self._number += 1
        work = Work(number=self._number, total=self._total, step="", summary=summary)
        self._listener.started(work)

    def erase_ends(self) -> None:
        """Overwrite the start and the end of the disk with zeros, and wait for that."""
        size = min(_PIECE, self._disk.size)
        for at in (0, self._disk.size - size):
            self._write(at, bytes(size))
        self._sync()
        self._is_erased = True

    def write_body(self) -> None:
        """Write all of the image but its start and the copy of a GPT."""
        start, end = len(self._start), self._source.size
        first, behind = (max(place, start) for place in self._table.backup)
        if first == behind:
            self._copy(start, end)
        else:
            self._copy(start, first)
            self._zero(first, behind)
            self._copy(behind, end)
        self._sync()

    def _copy(self, start: int, end: int) -> None:
        done = start
        for at, piece in pieces(self._source.file, start, end, _PIECE):
            self._zero(done, at)
            self._write(at, piece)
            done = at + len(piece)
            self._note(at, done, is_data=True)
            self._tell(done, self._source.size, f"{Size(self.written // _PIECE * _PIECE)} written")
        self._zero(done, end)

    def _zero(self, start: int, end: int) -> None:
        """Make a part of the disk zeros: discard it, or else write where something else is."""
        for at in range(start, end, _UNSYNCED):
            behind = min(at + _UNSYNCED, end)
            if self._can_punch and _punch(self._disk.file, at, behind - at):
                continue
            self._can_punch = False
            for place in range(at, behind, _PIECE):
                size = min(_PIECE, behind - place)
                if self._read(place, size) != bytes(size):
                    self._write(place, bytes(size))
                    self._note(place, place + size, is_data=False)
            self._tell(behind, self._source.size, "old data erased")

    def compare(self) -> None:
        """Read back what `write_body` has written, and compare it."""
        self._forget()
        total = sum(end - start for start, end, _ in self._parts)
        done = 0
        for start, end, is_data in self._parts:
            for at in range(start, end, _PIECE):
                size = min(_PIECE, end - at)
                wanted = os.pread(self._source.file, size, at) if is_data else bytes(size)
                self._require(at, wanted)
                done += size
                self._tell(done, total, f"of {Size(total // _PIECE * _PIECE)}")

    def write_table(self, *, compare: bool) -> None:
        """Write the copy of a GPT and the start of the disk, its first sector at the very end."""
        start, sector = bytes(self._start), self._disk.sector
        behind = [(at, piece) for at, piece in self._table.changed if at + len(piece) > len(start)]
        for at, piece in (*behind, (sector, start[sector:]), (0, start[:sector])):
            self._write(at, piece)
            self._sync()
            if compare:
                self._forget()
                self._require(at, piece)
            self.written += len(piece)

    def _note(self, start: int, end: int, *, is_data: bool) -> None:
        self.written += end - start
        if self._parts and self._parts[-1][1:] == (start, is_data):
            start = self._parts.pop()[0]
        self._parts.append((start, end, is_data))

    def _tell(self, done: int, total: int, more: str) -> None:
        self._listener.said(f"{100 * done // max(total, 1)} %, {more}")

    def _write(self, at: int, piece: bytes) -> None:
        with self._blaming(at):
            done = 0
            while done < len(piece):
                done += os.pwrite(self._disk.file, piece[done:], at + done)
        self._unsynced += len(piece)
        if self._unsynced >= _UNSYNCED:
            self._sync()

    def _sync(self) -> None:
        with self._blaming():
            os.fsync(self._disk.file)
        self._unsynced = 0

    def _forget(self) -> None:
        """Let the kernel forget what it has of the disk, so that the disk itself is read."""
        with self._blaming():
            os.posix_fadvise(self._disk.file, 0, 0, os.POSIX_FADV_DONTNEED)

    def _read(self, at: int, size: int) -> bytes:
        with self._blaming(at):
            return os.pread(self._disk.file, size, at)

    def _require(self, at: int, wanted: bytes) -> None:
        """Raise BuildError unless the disk has these bytes at a place."""
        found = self._read(at, len(wanted))
        if found == wanted:
            return
        pairs = enumerate(zip(found, wanted, strict=False))
        place = at + next((number for number, (a, b) in pairs if a != b), len(found))
        raise half_written(
            self._disk,
            f"it reads back other data than were written, at byte {place}",
            "it is broken, or smaller than it says: use another one",
        )

    @contextmanager
    def _blaming(self, at: int | None = None) -> Iterator[None]:
        """Turn an error of the system into one of the disk."""
        try:
            yield
        except OSError as error:
            place = "" if at is None else f" at byte {at}"
            why, hint = f"{error.strerror}{place}", _BROKEN
            if error.errno in _GONE:
                why, hint = "it has disappeared", "plug it in, and write to it again"
            if self._is_erased:
                raise half_written(self._disk, why, hint) from None
            what = f"{self._disk} cannot be written to: {why}"
            raise BuildError(Problem(what=what, hint=hint, code="half-written")) from None


def _punch(file: int, start: int, size: int) -> bool:
    """Discard a part of a disk, which reads zeros then. Return False if the disk can't do that."""
    place, count = ctypes.c_int64(start), ctypes.c_int64(size)
    punch: Callable[..., int] = _LIBC.fallocate64
    return punch(file, _PUNCH, place, count) == 0
