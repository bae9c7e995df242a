"""Partition tables of images that are to be written to a disk, which may be larger."""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass

from vmdsl.errors import Problem, UsageError
from vmdsl.values import SECTOR, Size

#: The sectors of UFS and 4Kn disks.
_LARGE = 4096
_SIGNATURE = b"EFI PART"
#: Signature, revision, sizes and checksum; places of itself and its copy, of the first and last
#: usable sector; the disk's GUID; place, number, size and checksum of the entries.
_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
_CHECKSUM = slice(16, 20)
_MOST_ENTRIES = 2**22  # bytes
_MBR_ENTRIES = range(446, 510, 16)
_PROTECTIVE = 0xEE
_MOST_SECTORS = 0xFFFFFFFF


@dataclass(frozen=True, kw_only=True)
class Table:
    """The partition table of an image, as it concerns a disk. Places and sizes are in bytes.

    `sector` is the size of the sectors that it counts in, or 0 if that isn't known. `backup` is
    where a GPT has its copy, from the end of the last sector that is usable. The pieces that have
    to be on a disk instead of the image's are at their places in `changed`.
    """

    sector: int = 0
    backup: tuple[int, int] = (0, 0)
    changed: tuple[tuple[int, bytes], ...] = ()


def table_for(file: int, *, name: str, size: int, disk: int) -> Table:
    """Return the table of an image, an open file, as it has to be on a disk of a size in bytes.

    A GPT has its copy at the end of the disk. Raises UsageError if the table is damaged, or says
    that the image was larger.
    """
    for sector in (SECTOR, _LARGE):
        if os.pread(file, len(_SIGNATURE), sector) == _SIGNATURE:
            return _gpt(file, name=name, size=size, sector=sector, disk=disk)
    return _mbr(os.pread(file, SECTOR, 0), name=name, size=size)


def _mbr(start: bytes, *, name: str, size: int) -> Table:
    """Return the table of an MBR, which does not say what its sectors are.

    They are large if the partitions fill most of the image then.
    """
    entries = [start[at : at + 16] for at in _MBR_ENTRIES]
    if start[510:] != b"\x55\xaa" or any(one[0] & 0x7F for one in entries):
        return Table()  # it has none: a filesystem on the whole disk, say
    if any(one[4] == _PROTECTIVE for one in entries):
        raise _damaged(name)  # a GPT was there
    ends = [sum(struct.unpack_from("<II", one, 8)) for one in entries if one[4]]
    end = max(ends, default=0)
    if end * SECTOR > size:
        raise _shorter(name, size, end * SECTOR)
    if end * _LARGE > size:
        return Table(sector=SECTOR)
    return Table(sector=_LARGE if end * _LARGE > size // 2 else 0)


def _gpt(file: int, *, name: str, size: int, sector: int, disk: int) -> Table:
    first = os.pread(file, sector, sector)
    fields = _HEADER.unpack_from(first)
    _, _, length, checksum, _, own, copy, _, last, _, place, count, each, of_entries = fields
    if not _HEADER.size <= length <= sector or own != 1 or count * each > _MOST_ENTRIES:
        raise _damaged(name)
    entries = os.pread(file, count * each, place * sector)
    if zlib.crc32(_without_checksum(first[:length])) != checksum:
        raise _damaged(name)
    if (copy + 1) * sector > size:
        raise _shorter(name, size, (copy + 1) * sector)
    if zlib.crc32(entries) != of_entries or last >= copy:
        raise _damaged(name)
    if (copy + 1) * sector == disk:
        return Table(sector=sector)  # its copy is at the end already
    sectors = disk // sector
    at = sectors - 1 - -(-len(entries) // sector)
    header = {"own": 1, "copy": sectors - 1, "last": at - 1, "place": place}
    backup = {"own": sectors - 1, "copy": 1, "last": at - 1, "place": at}
    changed = [
        (sector, _header(first, length, **header)),
        (at * sector, entries),
        ((sectors - 1) * sector, _header(first, length, **backup)),
    ]
    start = os.pread(file, SECTOR, 0)
    if (protective := _protective(start, sectors)) != start:
        changed.insert(0, (0, protective))
    return Table(
        sector=sector, backup=((last + 1) * sector, (copy + 1) * sector), changed=tuple(changed)
    )


def _header(old: bytes, length: int, *, own: int, copy: int, last: int, place: int) -> bytes:
    """Return the sector of a header, with other places than the old one."""
    fields = list(_HEADER.unpack_from(old))
    fields[5], fields[6], fields[8], fields[10] = own, copy, last, place
    made = bytearray(_HEADER.pack(*fields) + old[_HEADER.size :])
    made[_CHECKSUM] = zlib.crc32(_without_checksum(bytes(made[:length]))).to_bytes(4, "little")
    return bytes(made)


def _without_checksum(header: bytes) -> bytes:
    return header[: _CHECKSUM.start] + bytes(4) + header[_CHECKSUM.stop :]


def _protective(start: bytes, sectors: int) -> bytes:
    """Return an MBR whose one partition, which stands for the GPT, is as large as the disk."""
    kinds = [start[at + 4] for at in _MBR_ENTRIES]
    if sorted(kinds) != [0, 0, 0, _PROTECTIVE]:
        return start  # some firmware reads it
    at = _MBR_ENTRIES[kinds.index(_PROTECTIVE)] + 12
    return start[:at] + min(sectors - 1, _MOST_SECTORS).to_bytes(4, "little") + start[at + 4 :]


def _damaged(name: str) -> UsageError:
    what = f"{name}: its partition table, a GPT, is damaged"
    hint = f"see: sfdisk --verify {name}"
    return UsageError(Problem(what=what, hint=hint, code="damaged-image"))


def _shorter(name: str, size: int, end: int) -> UsageError:
    what = f"{name} has {Size(size)}, and its partition table is for {Size(end)}"
    hint = "its end is missing: copy, download or build it again"
    return UsageError(Problem(what=what, hint=hint, code="damaged-image"))
