"""Partition tables on disks that are larger than their images."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from vmdsl.disks.tables import Table, table_for
from vmdsl.errors import UsageError

MIB = 2**20
ENTRY = struct.Struct("<16s16sQQ72x")
HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
MBR = b"\x55\xaa"


def header(own: int, copy: int, last: int, place: int, entries: bytes) -> bytes:
    fields = [b"EFI PART", 0x10000, 92, 0, 0, own, copy, 34, last, b"disk" * 4, place, 128, 128]
    text = HEADER.pack(*fields, zlib.crc32(entries))
    return text[:16] + zlib.crc32(text).to_bytes(4, "little") + text[20:]


def gpt(size: int, sector: int = 512) -> bytearray:
    """An image with a GPT, and one partition in it."""
    count, of_entries = size // sector, 128 * 128 // sector
    entries = ENTRY.pack(b"kind" * 4, b"part" * 4, 2048, 4095).ljust(128 * 128, b"\0")
    last = count - of_entries - 2
    made = bytearray(size)
    made[446:462] = struct.pack("<4xB3xII", 0xEE, 1, count - 1)
    made[510:512] = MBR
    made[sector : sector + 92] = header(1, count - 1, last, 2, entries)
    made[2 * sector : 2 * sector + len(entries)] = entries
    made[(last + 1) * sector : (last + 1) * sector + len(entries)] = entries
    made[-sector : 92 - sector or None] = header(count - 1, 1, last, last + 1, entries)
    return made


def mbr(size: int, *partitions: tuple[int, int], kind: int = 0x83) -> bytearray:
    made = bytearray(size)
    for number, (start, count) in enumerate(partitions):
        struct.pack_into("<4xB3xII", made, 446 + 16 * number, kind, start, count)
    made[510:512] = MBR
    return made


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Table]:
    def table(image: bytes, disk: int = 0) -> Table:
        path = tmp_path / "pc.img"
        path.write_bytes(image)
        with path.open("rb") as file:
            return table_for(file.fileno(), name="pc.img", size=len(image), disk=disk or len(image))

    return table


@pytest.mark.parametrize("sector", [512, 4096])
def test_a_gpt_on_a_larger_disk_is_one_of_that_disk(
    table: Callable[..., Table], sector: int
) -> None:
    image, disk = gpt(8 * MIB, sector), 11 * MIB
    made = table(image, disk)
    assert made.sector == sector
    first, behind = made.backup
    image[first:behind] = bytes(behind - first)
    written = image.ljust(disk, b"\0")
    for at, piece in made.changed:
        written[at : at + len(piece)] = piece
    assert written == gpt(disk, sector)


def test_a_gpt_on_a_disk_of_its_size_stays(table: Callable[..., Table]) -> None:
    assert table(gpt(8 * MIB)) == Table(sector=512)


def test_a_larger_file_than_its_gpt_gets_the_copy_at_the_end(table: Callable[..., Table]) -> None:
    made = table(gpt(8 * MIB) + bytes(MIB))
    assert made.backup == (8 * MIB - 33 * 512, 8 * MIB)
    assert made.changed[-1][0] == 9 * MIB - 512


def test_a_hybrid_mbr_stays(table: Callable[..., Table]) -> None:
    image = gpt(8 * MIB)
    struct.pack_into("<4xB3xII", image, 462, 0x0C, 2048, 2048)
    assert next(at for at, _ in table(image, 9 * MIB).changed) == 512


@pytest.mark.parametrize("place", [512 + 60, 1024 + 3, 512 + 16])
def test_damaged(table: Callable[..., Table], place: int) -> None:
    image = gpt(8 * MIB)
    image[place] ^= 1
    with pytest.raises(UsageError, match="a GPT, is damaged"):
        table(image)


def test_a_gpt_without_its_header(table: Callable[..., Table]) -> None:
    image = gpt(8 * MIB)
    image[512:1024] = bytes(512)
    with pytest.raises(UsageError, match="damaged"):
        table(image)


@pytest.mark.parametrize("image", [gpt(8 * MIB), mbr(8 * MIB, (2048, 14336))])
def test_half_of_it(table: Callable[..., Table], image: bytes) -> None:
    with pytest.raises(UsageError, match=r"pc.img has 4 MiB, and its partition table is for 8 MiB"):
        table(image[: 4 * MIB])


@pytest.mark.parametrize(
    ("image", "sector"),
    [
        (mbr(8 * MIB, (2048, 4096), (6144, 10240)), 512),
        (mbr(8 * MIB, (256, 1792)), 4096),
        (mbr(8 * MIB, (256, 64)), 0),  # it may be either
        (mbr(8 * MIB), 0),
        (bytes(8 * MIB), 0),
        (b"text" * 2048, 0),
    ],
)
def test_sectors_of_other_tables(table: Callable[..., Table], image: bytes, sector: int) -> None:
    assert table(image) == Table(sector=sector)
