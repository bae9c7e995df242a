"""Partitions of an image: how filesystems on them are checked, and what is encrypted read."""

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


def cryptsetup(key: str, *words: str | Path) -> subprocess.CompletedProcess[bytes]:
    argv: list[str | Path] = ["cryptsetup", "--batch-mode", "--key-file=-", *words]
    return subprocess.run(argv, input=key.encode(), capture_output=True, check=False)


def decrypt(device: Path, key: str) -> None:
    """Have cryptsetup replace an encrypted device by its content."""
    header = device.with_name(f"{device.name}.header")
    words = ("--decrypt", "--force-offline-reencrypt", "--header")
    done = cryptsetup(key, "reencrypt", *words, header, device)
    assert done.returncode == 0, done.stderr
