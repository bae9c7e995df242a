"""A table of disks that people ask for: each is built, and checked by tools that know it.

The machine of test_images.py uses them all.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from layouts import Built
from partitions import CHECKS, Physical, all_partitions, copy, cryptsetup, decrypt

pytestmark = pytest.mark.integration

KEY = "open sesame"


def test_each_is_what_its_tools_expect(layouts: Mapping[str, Built], tmp_path: Path) -> None:
    for name, built in layouts.items():
        found = look(built, tmp_path / name)
        swap = [word for word in built.row.swap if not word.startswith("/")]
        kinds = [built.row.root, *built.row.apart.values(), *("swap" for _ in swap)]
        assert (name, sorted(found)) == (name, sorted(kinds))


def look(built: Built, folder: Path) -> list[str]:
    """Check all filesystems of a disk; return their kinds."""
    folder.mkdir()
    devices = []
    for number, (start, size) in enumerate(all_partitions(built.image)):
        copy(built.image, folder / f"{number}", start, size)
        devices.append(folder / f"{number}")
    devices = [opened(device) for device in devices]
    physical = [device for device in devices if kind_of(device) == "LVM2_member"]
    others = [device for device in devices if device not in physical]
    if physical:
        group = Physical(physical)
        names = group.volumes()
        others += [opened(group.volume(name, folder / name)) for name in names]
    kinds = [kind_of(device) for device in others]
    for kind, device in zip(kinds, others, strict=True):
        if kind != "swap":
            done = subprocess.run([*CHECKS[kind], device], capture_output=True, check=False)
            assert done.returncode == 0, (kind, device, done.stdout, done.stderr)
    for file in folder.iterdir():
        file.unlink()
    return kinds


def opened(device: Path) -> Path:
    """The device, whose content is decrypted if it is encrypted."""
    if kind_of(device) == "crypto_LUKS":
        assert cryptsetup(KEY, "open", "--test-passphrase", device).returncode == 0
        assert cryptsetup("other", "open", "--test-passphrase", device).returncode == 2
        decrypt(device, KEY)
    return device


def kind_of(device: Path) -> str:
    words = ("blkid", "--probe", "--output", "value", "--match-tag", "TYPE")
    return subprocess.run(
        [*words, device], capture_output=True, text=True, check=True
    ).stdout.strip()
