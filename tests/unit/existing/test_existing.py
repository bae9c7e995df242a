"""Images that exist: tables, and filesystems, as they are read before a build."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from uuid import UUID

import pytest

from made_images import BIOS_BOOT, DISK, ESP, ROOT, SYSTEM, cloud_image, ext
from vmdsl.existing.ext import ExtFiles
from vmdsl.existing.ext_attributes import public, stored
from vmdsl.existing.fat import FatFiles
from vmdsl.existing.files import content_of, find, read_text, unpack
from vmdsl.existing.kinds import kind_of
from vmdsl.existing.source import PartSource, UnreadableImageError, opened
from vmdsl.existing.tables import FoundTable, read_table
from vmdsl.operations.disk.existing import files_of


class Memory:
    """Bytes in memory, as those of an image."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    @property
    def size(self) -> int:
        return len(self.content)

    def read(self, start: int, size: int) -> bytes:
        return self.content[start : start + size]


def table_of(content: bytes) -> FoundTable:
    return read_table(Memory(content))


def mbr(*entries: tuple[int, int, int, int], signature: int = 0xCAFE) -> bytearray:
    """The first sector of a disk, with the mark, the type, the start and the size of partitions."""
    sector = bytearray(512)
    struct.pack_into("<I", sector, 440, signature)
    for number, (mark, kind, start, count) in enumerate(entries):
        struct.pack_into("<BxxxBxxxII", sector, 446 + 16 * number, mark, kind, start, count)
    sector[510:] = b"\x55\xaa"
    return sector


def test_a_gpt() -> None:
    table = table_of(cloud_image())
    assert (table.is_gpt, table.id, table.sector) == (True, str(DISK).upper(), 512)
    assert [(p.number, p.type) for p in table.partitions] == [
        (14, BIOS_BOOT),
        (15, ESP),
        (1, ROOT),
    ]
    assert [p.label for p in table.partitions] == ["", "efi", ""]
    assert table.partitions[0].uuid == str(UUID(int=DISK.int + 14))


@pytest.mark.parametrize("place", [512 + 40, 1024 + 20], ids=["header", "entries"])
def test_a_damaged_gpt(place: int) -> None:
    image = bytearray(cloud_image())
    image[place] ^= 1
    with pytest.raises(UnreadableImageError, match="a GPT, is damaged"):
        table_of(bytes(image))


def test_a_gpt_whose_header_is_gone() -> None:
    image = bytearray(cloud_image())
    image[512:1024] = bytes(512)
    with pytest.raises(UnreadableImageError, match="a GPT, is damaged"):
        table_of(bytes(image))


def test_an_image_that_was_cut_off() -> None:
    with pytest.raises(UnreadableImageError, match="its partition 1 ends at byte"):
        table_of(cloud_image()[: 2**17])


def test_an_mbr_with_logical_partitions() -> None:
    disk = mbr((0x80, 0x83, 8, 8), (0, 0x05, 16, 40))
    disk += bytes(16 * 512 - len(disk)) + mbr((0, 0x82, 2, 6), (0, 0x05, 20, 20))
    disk += bytes(36 * 512 - len(disk)) + mbr((0, 0x83, 4, 8))
    disk += bytes(60 * 512 - len(disk))
    table = table_of(bytes(disk))
    assert (table.is_gpt, table.id) == (False, "0x0000cafe")
    assert [(p.number, p.start // 512, p.size // 512, p.type) for p in table.partitions] == [
        (1, 8, 8, 0x83),
        (2, 16, 40, 0x05),
        (5, 18, 6, 0x82),
        (6, 40, 8, 0x83),
    ]
    assert [p.attributes for p in table.partitions] == [1, 0, 0, 0]


def test_an_mbr_whose_logical_partitions_are_gone() -> None:
    with pytest.raises(UnreadableImageError, match="logical partition 5 is damaged"):
        table_of(bytes(mbr((0, 0x05, 2, 8))) + bytes(10 * 512))


def test_logical_partitions_in_a_circle() -> None:
    disk = mbr((0, 0x05, 1, 8)) + mbr((0, 0x83, 1, 1), (0, 0x05, 0, 8)) + bytes(16 * 512)
    with pytest.raises(UnreadableImageError, match="damaged"):
        table_of(bytes(disk))


@pytest.mark.parametrize("content", [b"", bytes(2048), ext(2**16, {})], ids=["no", "zeros", "ext"])
def test_no_table(content: bytes) -> None:
    with pytest.raises(UnreadableImageError, match="no partition table"):
        table_of(content)


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"QFI\xfb", "qcow2, not a raw one"),
        (b"\xfd7zXZ\0", "xz, not a raw one"),
        (b"\x28\xb5\x2f\xfd", "zstd, not a raw one"),
    ],
)
def test_other_formats(start: bytes, said: str, tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    image.write_bytes(start + bytes(100))
    with pytest.raises(UnreadableImageError, match=said) as caught, opened(image):
        pass
    assert "disk.img" in caught.value.hint


def part(image: bytes, number: int) -> PartSource:
    (found,) = [p for p in table_of(image).partitions if p.number == number]
    return PartSource(whole=Memory(image), start=found.start, size=found.size)


def test_files_of_ext() -> None:
    files = ExtFiles(part(cloud_image(), 1))
    assert files.shape.kind == "ext2"
    assert read_text(files, "/etc/../etc/os-release") == SYSTEM["etc/os-release"].decode()
    assert read_text(files, "/etc/missing") == ""
    assert find(files, "/etc/os-release/below") is None
    assert find(files, "/../..") == files.top


def test_files_of_fat() -> None:
    files = FatFiles(part(cloud_image(), 15))
    found = {name: content_of(files, node) for name, node in files.entries(files.top)}
    assert found == {b"GRUB.EFI": b"loader" * 100, b"EMPTY": b""}
    assert (files.shape.label, files.shape.uuid, files.shape.bits) == ("CLOUD", "ABCD-1234", 12)


def test_unpacking_replaces_what_is_there(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "old").mkdir(parents=True)
    (top / "old/file").touch()
    (top / "link").symlink_to("/")
    if os.geteuid() == 0:
        assert unpack(ExtFiles(part(cloud_image(), 1)), str(top)) == 1_600_000_000
        assert {str(p.relative_to(top)) for p in top.rglob("*") if p.is_file()} == {*SYSTEM}
        assert (top / "etc/fstab").stat().st_mtime == 1_600_000_000


@pytest.mark.parametrize("bits", [0x1, 0x10000, 0x20000, 0x80000000])
def test_features_of_ext_that_are_not_known(bits: int) -> None:
    with pytest.raises(UnreadableImageError, match="with the feature"):
        ExtFiles(part(cloud_image(incompat=bits), 1))


def test_a_journal_that_is_not_replayed() -> None:
    with pytest.raises(UnreadableImageError, match="was not shut down"):
        ExtFiles(part(cloud_image(incompat=4), 1))


def test_damage_is_one_error() -> None:
    """Whatever bytes are wrong: a filesystem is read to the end, or said to be damaged."""
    good = ext(2**16, SYSTEM)
    for place in range(1024, len(good), 97):
        image = bytearray(good)
        image[place] ^= 0xFF
        try:
            files = ExtFiles(Memory(bytes(image)))
            folders = [files.top]
            for folder in folders[:200]:
                for _, node in files.entries(folder):
                    if node.mode >> 12 == 4:
                        folders.append(node)
                    elif node.mode >> 12 == 8 and node.size < 2**20:
                        content_of(files, node)
        except UnreadableImageError:
            pass


def test_nothing_that_is_known() -> None:
    assert kind_of(Memory(bytes(2**17))) == ""
    with pytest.raises(UnreadableImageError, match="nothing that is known"):
        files_of(Memory(bytes(2**17)))


def test_attributes_of_ext() -> None:
    """An ACL has ids only where there are some; a part of a file's data is none of them."""
    acl = struct.pack("<IHHHHIHH", 1, 1, 6, 2, 4, 1234, 32, 0)
    entries = struct.pack("<BBHIII", 0, 2, 60, 0, len(acl), 0)
    entries += struct.pack("<BBHIII", 4, 7, 80, 0, 2, 0) + b"data"
    entries += struct.pack("<BBHIII", 1, 1, 84, 0, 2, 0) + b"a\0\0\0"
    area = bytearray(struct.pack("<I", 0xEA020000) + entries).ljust(100, b"\0")
    area[64 : 64 + len(acl)] = acl
    area[84:86], area[88:90] = b"xx", b"yy"
    found = stored(bytes(area), b"")
    assert [one.is_data for one in found] == [False, True, False]
    none = 0xFFFFFFFF
    assert public(found, lambda _: b"") == {
        "system.posix_acl_access": struct.pack(
            "<IHHIHHIHHI", 2, 1, 6, none, 2, 4, 1234, 32, 0, none
        ),
        "user.a": b"yy",
    }
    with pytest.raises(ValueError, match="x00"):
        stored(b"", bytes(64))
