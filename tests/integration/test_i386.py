"""i386, a /boot of its own, and all arguments of debootstrap: built and booted once."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from vmdsl.boot.machine import Firmware, Machine
from vmdsl.boot.running import running
from vmdsl.machines import Arch

pytestmark = pytest.mark.integration

MINUTES = 60


def test_an_i386_of_many_parts_boots(
    user: Any, host_mirror: str, accel_of: Callable[..., Any]
) -> None:
    image = user.folder("i386") / "parts.img"
    recipe = user.checkout / "tests/integration/recipes/i386_parts.py"
    done = user.build(recipe, "--output", image, "--mirror", host_mirror, timeout=20 * MINUTES)
    assert done.returncode == 0, done.stdout

    root = f"{image}?offset={300 * 2**20}"
    zones = subprocess.run(
        ["debugfs", "-R", "stat /usr/share/zoneinfo", root], capture_output=True, check=True
    )
    assert b"File not found" in zones.stderr, "tzdata was to be left out"

    machine = Machine(image=image, firmware=Firmware.BIOS, arch=Arch.I386, accel=accel_of())
    with running(machine) as console:
        console.wait_for(r"root@\(none\):/# ", timeout=10 * MINUTES)
        console.take_shell(timeout=5 * MINUTES)
        assert console.run("mount -o remount,rw / && mount --all").status == 0, console.transcript
        assert console.run("uname -m").output.strip() == "i686"
        assert console.run("findmnt --noheadings --output FSTYPE /").output.strip() == "ext3"
        assert console.run("findmnt --noheadings --output FSTYPE /boot").output.strip() == "ext2"
        assert (
            console.run("findmnt --noheadings --output FSTYPE /boot/efi").output.strip() == "vfat"
        )
        sources = console.run("cat /etc/apt/sources.list").output
        assert sources.split()[-3:] == ["bookworm", "main", "contrib"]
