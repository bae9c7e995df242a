"""The partition table of an image that exists."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from vmdsl.existing.source import PartSource, Source, UnreadableImageError
from vmdsl.values import SECTOR

_LARGE = 4096
_SIGNATURE = b"EFI PART"
#: Signature, revision, sizes and checksum; places of itself and its copy, of the first and last
#: usable sector; the disk's GUID; place, number, size and checksum of the entries.
_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
_CHECKSUM = slice(16, 20)
#: Type and GUID of a partition, its first and last sector, attributes, and name.
_ENTRY = struct.Struct("<16s16sQQQ72s")
_MOST_ENTRIES = 2**22  # bytes
_MBR_ENTRIES = range(446, 510, 16)
_MBR_MARK = b"\x55\xaa"
_ID_AT = 440
_ACTIVE = 0x80
_PROTECTIVE = 0xEE
_EXTENDED = {0x05, 0x0F, 0x85}
_FIRST_LOGICAL = 5
_MOST_LOGICAL = 60


@dataclass(frozen=True, kw_only=True)
class FoundPartition:
    """A partition of a table that exists. Its start and size are in bytes.

    `type` is the number that an MBR has for it, or the UUID of a GPT. `uuid` and `label` are of a
    GPT alone. `attributes` are those of a GPT, by their bits; or 1 for the active one of an MBR.
    """

    number: int
    start: int
    size: int
    type: UUID | int
    uuid: str = ""
    label: str = ""
    attributes: int = 0

    @property
    def end(self) -> int:
        """The first byte behind it."""
        return self.start + self.size

    def of(self, image: Source) -> PartSource:
        """Return its bytes in an image."""
        return PartSource(whole=image, start=self.start, size=self.size)

    @property
    def is_extended(self) -> bool:
        """Whether it is the one that contains logical partitions."""
        return self.type in _EXTENDED


@dataclass(frozen=True, kw_only=True)
class FoundTable:
    """A partition table that exists. `id` is that of the disk, as sfdisk shows it.

    `sector` is the size of the sectors that it counts in. The partitions are in order of their
    starts; a logical one is behind the extended one that it is in.
    """

    is_gpt: bool
    id: str
    sector: int
    partitions: tuple[FoundPartition, ...]


def read_table(source: Source) -> FoundTable:
    """Return the partition table of an image. Raises UnreadableImageError."""
    for sector in (SECTOR, _LARGE):
        if source.read(sector, len(_SIGNATURE)) == _SIGNATURE:
            table = _gpt(source, sector)
            break
    else:
        table = _mbr(source)
    for one in table.partitions:
        if one.end > source.size:
            raise UnreadableImageError(
                f"its partition {one.number} ends at byte {one.end}, and it has {source.size}",
                "its end is missing: copy or download it again",
            )
    return table


def _gpt(source: Source, sector: int) -> FoundTable:
    header = source.read(sector, sector)
    _, _, length, checksum, _, _, _, _, _, disk, place, count, each, of_entries = (
        _HEADER.unpack_from(header)
    )
    is_sane = _HEADER.size <= length <= sector and _ENTRY.size <= each
    entries = source.read(place * sector, min(count * each, _MOST_ENTRIES)) if is_sane else b""
    blank = header[: _CHECKSUM.start] + bytes(4) + header[_CHECKSUM.stop : length]
    is_good = zlib.crc32(blank) == checksum and zlib.crc32(entries) == of_entries
    if not is_sane or not is_good or len(entries) < count * each:
        raise UnreadableImageError("its partition table, a GPT, is damaged", "see sfdisk --verify")
    found = []
    for number in range(count):
        kind, uuid, first, last, attributes, name = _ENTRY.unpack_from(entries, number * each)
        if any(kind):
            found.append(
                FoundPartition(
                    number=number + 1,
                    start=first * sector,
                    size=(last + 1 - first) * sector,
                    type=UUID(bytes_le=kind),
                    uuid=str(UUID(bytes_le=uuid)),
                    label=name.decode("utf-16-le", "replace").partition("\0")[0],
                    attributes=attributes,
                )
            )
    return FoundTable(
        is_gpt=True,
        id=str(UUID(bytes_le=disk)).upper(),
        sector=sector,
        partitions=tuple(sorted(found, key=lambda one: one.start)),
    )


def _mbr(source: Source) -> FoundTable:
    start = source.read(0, SECTOR)
    kinds = [start[at + 4] for at in _MBR_ENTRIES] if start[510:] == _MBR_MARK else []
    if not any(kinds) or any(start[at] & ~_ACTIVE for at in _MBR_ENTRIES):
        raise UnreadableImageError(
            "it has no partition table",
            "it must be the image of a whole disk, with a GPT or an MBR",
        )
    if _PROTECTIVE in kinds:
        raise UnreadableImageError("its partition table, a GPT, is damaged", "see sfdisk --verify")
    found = list(_entries(start, base=0, number=1))
    for extended in [one for one in found if one.is_extended]:
        found += _logical(source, extended)
    (identifier,) = struct.unpack_from("<I", start, _ID_AT)
    return FoundTable(
        is_gpt=False,
        id=f"0x{identifier:08x}",
        sector=SECTOR,
        partitions=tuple(sorted(found, key=lambda one: (one.start, -one.size))),
    )


def _entries(sector: bytes, *, base: int, number: int) -> Iterator[FoundPartition]:
    for index, at in enumerate(_MBR_ENTRIES):
        first, count = struct.unpack_from("<II", sector, at + 8)
        if sector[at + 4] and count:
            yield FoundPartition(
                number=number + index,
                start=base + first * SECTOR,
                size=count * SECTOR,
                type=sector[at + 4],
                attributes=sector[at] // _ACTIVE,
            )


def _logical(source: Source, extended: FoundPartition) -> Iterator[FoundPartition]:
    """Yield the logical partitions, each of which has a table with the place of the next one."""
    place = extended.start
    for number in range(_FIRST_LOGICAL, _FIRST_LOGICAL + _MOST_LOGICAL):
        table = source.read(place, SECTOR)
        if table[510:] != _MBR_MARK:
            raise UnreadableImageError(f"the table of its logical partition {number} is damaged")
        found = list(_entries(table, base=place, number=number))
        yield from (one for one in found[:1] if not one.is_extended)
        links = [one for one in found if one.is_extended]
        if not links:
            return
        place = extended.start + links[0].start - place
    raise UnreadableImageError("the tables of its logical partitions are damaged")
