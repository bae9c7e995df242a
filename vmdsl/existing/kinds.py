"""The kinds of content that partitions of existing images have, by their first bytes."""

from __future__ import annotations

from vmdsl.existing.source import Source

EXT, FAT = "ext", "vfat"
#: Where each kind has a mark of its own, and what that is; the first that fits is it.
_MARKS = (
    (0, b"LUKS\xba\xbe", "LUKS"),
    (536, b"LVM2 001", "LVM"),
    (4096, b"\xfc\x4e\x2b\xa9", "RAID"),
    (0, b"XFSB", "xfs"),
    (65600, b"_BHRfS_M", "btrfs"),
    (1024, b"\x10\x20\xf5\xf2", "f2fs"),
    (1080, b"\x53\xef", EXT),
    (4086, b"SWAPSPACE2", "swap"),
    (0, b"hsqs", "squashfs"),
    (1024, b"\xe2\xe1\xf5\xe0", "erofs"),
    (3, b"NTFS    ", "ntfs"),
    (3, b"EXFAT   ", "exfat"),
    (32769, b"CD001", "iso9660"),
    (82, b"FAT32   ", FAT),
    (54, b"FAT16   ", FAT),
    (54, b"FAT12   ", FAT),
    (54, b"FAT     ", FAT),
)


def kind_of(source: Source) -> str:
    """Return the kind of content that a partition has, or "" if it is not known."""
    for place, mark, kind in _MARKS:
        if source.read(place, len(mark)) == mark:
            return kind
    return ""
