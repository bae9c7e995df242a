"""Small images of disks, written in Python: a GPT like that of Debian's images for clouds.

python3 tests/made_images.py tests/typing/wrong/cloud.raw
"""

from __future__ import annotations

import struct
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

SECTOR = 512
BLOCK = 1024
_INODES = 32
_INODE = 128
_TABLE_AT = 5  # the block of the table of inodes
_FIRST_DATA = _TABLE_AT + _INODES * _INODE // BLOCK
_EXTENTS, _JOURNAL = 0x40, 0x4
DISK = UUID("11111111-2222-4333-8444-555555555555")
ROOT = UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")
BIOS_BOOT = UUID("21686148-6449-6e6f-744e-656564454649")
ESP = UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
UUID_OF_ROOT = UUID("99999999-2222-4333-8444-555555555555")
SYSTEM: Mapping[str, bytes] = {
    "etc/os-release": b"ID=debian\nVERSION_CODENAME=trixie\n",
    "etc/fstab": b"UUID=ABCD-1234 /boot/efi vfat umask=0077 0 1\n",
    "var/lib/dpkg/status": b"Package: dpkg\nStatus: install ok installed\nArchitecture: amd64\n",
}


def ext(size: int, files: Mapping[str, bytes], *, is_4: bool = False, incompat: int = 0) -> bytes:
    """An ext2 with some files, or one that says that it is ext4."""
    image = bytearray(size)
    folders: dict[str, list[tuple[str, int, int]]] = {"": []}
    inodes: dict[int, tuple[int, bytes]] = {}
    numbers = iter(range(12, _INODES))
    known = {"": 2}
    for path, content in files.items():
        parts = path.split("/")
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth])
            if folder not in known:
                known[folder] = next(numbers)
                folders[folder] = []
                folders["/".join(parts[: depth - 1])].append((parts[depth - 1], known[folder], 2))
        number = next(numbers)
        inodes[number] = (0o100644, content)
        folders["/".join(parts[:-1])].append((parts[-1], number, 1))
    for folder, entries in folders.items():
        above = known[folder.rpartition("/")[0]]
        listed = [(".", known[folder], 2), ("..", above, 2), *entries]
        record_of = bytearray()
        for place, (name, number, kind) in enumerate(listed):
            length = 8 + -(-len(name) // 4) * 4
            if place == len(listed) - 1:
                length = BLOCK - len(record_of)
            record = struct.pack("<IHBB", number, length, len(name), kind) + name.encode()
            record_of += record.ljust(length, b"\0")
        inodes[known[folder]] = (0o040755, bytes(record_of))
    block = _FIRST_DATA
    for number, (mode, content) in inodes.items():
        blocks = [block + i for i in range(-(-len(content) // BLOCK))]
        block += len(blocks)
        for one, place in zip(blocks, range(0, len(content), BLOCK), strict=True):
            piece = content[place : place + BLOCK]
            image[one * BLOCK : one * BLOCK + len(piece)] = piece
        at = _TABLE_AT * BLOCK + (number - 1) * _INODE
        struct.pack_into("<HHI", image, at, mode, 0, len(content))
        struct.pack_into("<I", image, at + 16, 1_600_000_000)
        struct.pack_into("<HHI", image, at + 24, 0, 1, len(blocks) * 2)
        struct.pack_into(f"<{len(blocks)}I", image, at + 40, *blocks)
    _superblock(image, is_4=is_4, incompat=incompat)
    return bytes(image)


def _superblock(image: bytearray, *, is_4: bool, incompat: int) -> None:
    count = len(image) // BLOCK
    struct.pack_into("<IIIIIII", image, 1024, _INODES, count, count // 20, 0, 0, 1, 0)
    struct.pack_into("<III", image, 1024 + 32, 8192, 8192, _INODES)
    struct.pack_into("<HH", image, 1024 + 56, 0xEF53, 1)
    struct.pack_into("<I", image, 1024 + 76, 1)
    struct.pack_into("<IH", image, 1024 + 84, 11, _INODE)
    features = incompat | 0x2 | (_EXTENTS if is_4 else 0)
    struct.pack_into("<III", image, 1024 + 92, _JOURNAL if is_4 else 0, features, 0)
    image[1024 + 104 : 1024 + 120] = UUID_OF_ROOT.bytes
    image[1024 + 120 : 1024 + 124] = b"root"
    struct.pack_into("<III", image, 2048, 3, 4, _TABLE_AT)


def fat(size: int, files: Mapping[str, bytes]) -> bytes:
    """A FAT12 with files of short names in its top directory."""
    image = bytearray(size)
    sectors = size // SECTOR
    struct.pack_into("<BHBHHBH", image, 13, 1, 1, 1, 64, sectors, 0xF8, 12)
    struct.pack_into("<H", image, 11, SECTOR)
    image[:3] = b"\xeb\x3c\x90"
    image[38] = 0x29
    struct.pack_into("<I", image, 39, 0xABCD1234)
    image[43:62] = b"CLOUD      FAT12   "
    image[510:512] = b"\x55\xaa"
    top, data, cluster = 13 * SECTOR, 17 * SECTOR, 2
    entries: dict[int, int] = {}
    for place, (name, content) in enumerate(files.items()):
        base, _, suffix = name.partition(".")
        count = max(-(-len(content) // SECTOR), 1)
        entry = f"{base:8}{suffix:3}".encode() + b"\x20" + bytes(10)
        entry += struct.pack("<HHHI", 0x6000, 0x512D, cluster, len(content))
        image[top + place * 32 : top + place * 32 + 32] = entry
        start = data + (cluster - 2) * SECTOR
        image[start : start + len(content)] = content
        entries |= {cluster + i: cluster + i + 1 for i in range(count)}
        cluster += count
        entries[cluster - 1] = 0xFFF
    for number, following in entries.items():
        at = SECTOR + number * 3 // 2
        (old,) = struct.unpack_from("<H", image, at)
        new = old | (following << 4 if number & 1 else following)
        struct.pack_into("<H", image, at, new & 0xFFFF)
    return bytes(image)


def gpt(image: bytearray, partitions: Mapping[int, tuple[UUID, int, int, str]]) -> None:
    """Give an image a GPT: of each number the type, start and size in bytes, and a label."""
    entries = bytearray(128 * 128)
    for number, (kind, start, size, label) in partitions.items():
        own = UUID(int=DISK.int + number)
        first, last = start // SECTOR, (start + size) // SECTOR - 1
        entry = kind.bytes_le + own.bytes_le + struct.pack("<QQQ", first, last, 0)
        entries[(number - 1) * 128 : number * 128] = (entry + label.encode("utf-16-le")).ljust(
            128, b"\0"
        )
    total = len(image) // SECTOR
    for own_place, other, place in ((1, total - 1, 2), (total - 1, 1, total - 33)):
        header = bytearray(92)
        struct.pack_into("<8sIIII", header, 0, b"EFI PART", 0x10000, 92, 0, 0)
        struct.pack_into("<QQQQ", header, 24, own_place, other, 34, total - 34)
        header[56:72] = DISK.bytes_le
        struct.pack_into("<QIII", header, 72, place, 128, 128, zlib.crc32(entries))
        struct.pack_into("<I", header, 16, zlib.crc32(header))
        image[own_place * SECTOR : own_place * SECTOR + 92] = header
        image[place * SECTOR : place * SECTOR + len(entries)] = entries
    struct.pack_into("<BBBBBBBBII", image, 446, 0, 0, 2, 0, 0xEE, 255, 255, 255, 1, total - 1)
    image[510:512] = b"\x55\xaa"


def cloud_image(
    size: int = 2**18, *, is_4: bool = False, files: Mapping[str, bytes] = SYSTEM, incompat: int = 0
) -> bytes:
    """An image with a boot loader's partition, one for UEFI, and the root behind these."""
    image = bytearray(size)
    image[:6] = b"\xeb\x63\x90GRU"
    image[24 * 2**10 : 24 * 2**10 + 3] = b"gap"
    boot, esp, root = 32 * 2**10, 40 * 2**10, 104 * 2**10
    end = size - 40 * 2**10 if size < 2**20 else size - 2**20
    image[boot : boot + 4] = b"core"
    image[esp:root] = fat(root - esp, {"GRUB.EFI": b"loader" * 100, "EMPTY": b""})
    image[root:end] = ext(end - root, files, is_4=is_4, incompat=incompat)
    gpt(
        image,
        {
            1: (ROOT, root, end - root, ""),
            14: (BIOS_BOOT, boot, esp - boot, ""),
            15: (ESP, esp, root - esp, "efi"),
        },
    )
    return bytes(image)


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(cloud_image())
