"""Files of images for boards: on a FAT, and on an ext4; and the firmware of a Raspberry Pi."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

_SUPERBLOCK, _MAGIC = 1024 + 56, b"\x53\xef"


@dataclass(frozen=True, kw_only=True)
class Card:
    """An image; the first byte of each of its partitions."""

    image: Path
    starts: tuple[int, ...]

    def uuid(self, number: int) -> str:
        """Return the UUID of the filesystem on a partition."""
        words = ("-O", str(self.starts[number - 1]), "-o", "value", "-s", "UUID")
        command = ["/sbin/blkid", "-p", *words, str(self.image)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def read(self, number: int, path: str, into: Path) -> bytes:
        """Return the content of a file of the ext4 on a partition."""
        self._debugfs(number, f"dump {path} {into}")
        return into.read_bytes()

    def copy(self, number: int, path: str, into: Path) -> Path:
        """Copy a directory of the ext4 on a partition. Return the copy."""
        into.mkdir(exist_ok=True)
        self._debugfs(number, f"rdump {path} {into}")
        return into / path.rpartition("/")[2]

    def copy_fat(self, number: int, into: Path) -> Path:
        """Copy all files of the FAT on a partition."""
        into.mkdir()
        place = f"{self.image}@@{self.starts[number - 1]}"
        subprocess.run(["mcopy", "-s", "-Q", "-i", place, "::*", into], check=True)
        return into

    def _debugfs(self, number: int, request: str) -> None:
        place = f"{self.image}?offset={self.starts[number - 1]}"
        subprocess.run(["/sbin/debugfs", "-R", request, place], capture_output=True, check=True)


def card_of(image: Path) -> Card:
    """Find the partitions of an image, whose sectors have 4096 bytes if its GPT is there."""
    with image.open("rb") as file:
        file.seek(4096)
        sector = 4096 if file.read(8) == b"EFI PART" else 512
    words = ("--sector-size", str(sector), "--list", "--bytes", "-o", "start")
    command = ["/sbin/fdisk", *words, str(image)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    starts = shown.rpartition("Start\n")[2].split()
    return Card(image=image, starts=tuple(int(start) * sector for start in starts))


def check_raspberry_pi(card: Card, into: Path) -> Path:
    """Compare the firmware partition of a card with the files of packages in its root.

    Return the copy of the firmware partition.
    """
    firmware = card.copy_fat(1, into / "firmware")
    source = card.copy(2, "/usr/lib/raspi-firmware", into / "packages")
    for file in source.rglob("*.*"):
        copy = firmware / file.relative_to(source)
        assert copy.read_bytes() == file.read_bytes(), file.name
    names = {file.name for file in firmware.iterdir()}
    assert {"bootcode.bin", "start.elf", "fixup.dat", "start4.elf", "fixup4.dat"} <= names
    settings = dict(
        line.split("=", 1) if "=" in line else line.split(maxsplit=1)
        for line in (firmware / "config.txt").read_text().splitlines()
        if re.match(r"[a-z]", line)
    )
    boot = card.copy(2, "/boot", into / "root")
    for name in (settings["kernel"], settings["initramfs"].split()[0]):
        assert (firmware / name).read_bytes() == (boot / name).read_bytes(), name
    release = settings["kernel"].removeprefix("vmlinuz-")
    trees = card.copy(2, f"/usr/lib/linux-image-{release}", into / "trees")
    found = {tree.name: tree for tree in trees.rglob("bcm2*-rpi-*.dtb")}
    copied = sorted(firmware.glob("*.dtb"))
    assert copied
    for tree in copied:
        assert tree.read_bytes() == found[tree.name].read_bytes(), tree.name
    return firmware
