"""Partitions of an image, and how filesystems on them are checked."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

#: Each finds nothing in a filesystem that is whole.
CHECKS = {
    "ext4": ("e2fsck", "-fn"),
    "xfs": ("xfs_repair", "-n"),
    "btrfs": ("btrfs", "check"),
    "vfat": ("fsck.vfat", "-n"),
    "f2fs": ("fsck.f2fs", "--dry-run"),
}


def partitions(image: Path) -> Iterator[tuple[int, int]]:
    """Where each partition is, and how large: of a GPT with sectors of either size, or an MBR."""
    with image.open("rb") as file:
        start = file.read(3 * 4096)
    for sector in (512, 4096):
        if start[sector : sector + 8] == b"EFI PART":
            for at in range(2 * sector, len(start) - 128, 128):
                first, last = struct.unpack_from("<QQ", start, at + 32)
                if first:
                    yield first * sector, (last + 1 - first) * sector
            return
    for at in range(446, 510, 16):
        first, count = struct.unpack_from("<II", start, at + 8)
        if count:
            yield first * 512, count * 512


def copy(source: Path, target: Path, start: int, size: int, at: int = 0) -> None:
    argv = ["dd", f"if={source}", f"of={target}", "bs=1M", "conv=sparse,notrunc", "status=none"]
    places = ["iflag=skip_bytes,count_bytes", "oflag=seek_bytes"]
    subprocess.run([*argv, *places, f"skip={start}", f"count={size}", f"seek={at}"], check=True)
    with target.open("r+b") as file:
        file.truncate(at + size)
