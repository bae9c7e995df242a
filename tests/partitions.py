"""Partitions of an image: how filesystems on them are checked, and what is encrypted read."""

from __future__ import annotations

import json
import re
import struct
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

#: Each finds nothing in a filesystem that is whole.
CHECKS = {
    **dict.fromkeys(("ext2", "ext3", "ext4"), ("e2fsck", "-fn")),
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


def all_partitions(image: Path) -> list[tuple[int, int]]:
    """Where each partition is, and how large: logical ones too, and no extended one."""
    with image.open("rb") as file:
        is_gpt = file.read(512)[450] == 0xEE
    if is_gpt:
        return list(partitions(image))
    done = subprocess.run(["sfdisk", "--json", image], capture_output=True, check=True)
    shown = json.loads(done.stdout)["partitiontable"]["partitions"]
    return [
        (part["start"] * 512, part["size"] * 512)
        for part in shown
        if part["type"] not in {"5", "f"}
    ]


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


@dataclass(frozen=True)
class Physical:
    """The devices that a volume group is on, each a file, as lvm2 reads them."""

    devices: list[Path]
    extent: int = 4 * 2**20

    @property
    def text(self) -> str:
        """The description of the group, which is the same on all."""
        first, *others = (self.ask("metadata", n) for n in range(len(self.devices)))
        assert {other.partition("\n")[2] for other in others} <= {first.partition("\n")[2]}
        return first

    def ask(self, what: str, number: int = 0) -> str:
        """What pvck says to this user about a device; there is nothing that it warns of."""
        argv: list[str | Path] = ["pvck", "--dump", what, self.devices[number]]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        warnings = [line for line in done.stderr.splitlines() if "non-root user" not in line]
        assert (done.returncode, [line for line in warnings if line]) == (0, [])
        return done.stdout

    def volumes(self) -> dict[str, list[tuple[int, int, int]]]:
        """The extents of each volume: on which device, from which, and how many."""
        return {name: list(self._runs(text)) for name, text in self._texts()}

    def stripe(self, name: str) -> int:
        """The size of a volume's stripes in bytes, or 0 if it is linear."""
        found = re.findall(r"^stripe_size = (\d+)$", dict(self._texts())[name], re.MULTILINE)
        return int(found[0]) * 512 if found else 0

    def _texts(self) -> Iterator[tuple[str, str]]:
        """The names of the volumes, each with its description."""
        text = self.text.partition("logical_volumes {\n")[2]
        pattern = r"^(\S+) \{\n(id = .*?\n\}\n)\}$"
        yield from re.findall(pattern, text, re.MULTILINE | re.DOTALL)

    def _runs(self, text: str) -> Iterator[tuple[int, int, int]]:
        pattern = r"^extent_count = (\d+)|^stripe_count = (\d+)|^\"pv(\d)\", (\d+),?$"
        count = stripes = 0
        for extents, number, device, first in re.findall(pattern, text, re.MULTILINE):
            if extents:
                count = int(extents)
            elif number:
                stripes = int(number)
            else:
                yield int(device), int(first), count // stripes

    def volume(self, name: str, path: Path) -> Path:
        """A copy of a volume, from the extents that lvm2 knows of."""
        path.write_bytes(b"")
        runs, stripe, at = self.volumes()[name], self.stripe(name), 0
        if stripe:
            self._copy_stripes(path, runs, stripe)
            return path
        for device, first, count in runs:
            start = 2**20 + first * self.extent
            copy(self.devices[device], path, start, count * self.extent, at=at)
            at += count * self.extent
        return path

    def _copy_stripes(self, path: Path, runs: list[tuple[int, int, int]], stripe: int) -> None:
        with path.open("wb") as target, ExitStack() as opened:
            sources = []
            for device, first, _ in runs:
                source = opened.enter_context(self.devices[device].open("rb"))
                source.seek(2**20 + first * self.extent)
                sources.append(source)
            for _ in range(runs[0][2] * self.extent // stripe):
                target.writelines(source.read(stripe) for source in sources)
