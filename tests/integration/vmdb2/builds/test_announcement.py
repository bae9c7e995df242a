"""The announcement's specification, as scripts that know vmdb2 build it."""

from __future__ import annotations

import filecmp
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vmdb2.machines import logged_in, said
from vmdsl.boot.machine import Firmware

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def vmdb2(announcement: Any) -> Path:
    """The one line that makes vmdb2 of vmdsl."""
    program: Path = announcement.user.file(
        announcement.folder / "vmdb2",
        f'#!/bin/sh\nexec {announcement.user.checkout}/.venv/bin/vmdsl build "$@"\n',
    )
    program.chmod(0o755)
    return program


@pytest.fixture(scope="module")
def first(announcement: Any, vmdb2: Path, host_mirror: str) -> str:
    """The first build, which writes the tarball. What it says."""
    done = announcement.run(
        vmdb2,
        "announcement.vmdb",
        *("--output", "first.img", "--rootfs-tarball", "rootfs.tar.gz", "--log", "first.log"),
        *("--verbose", f"--variable=mirror={host_mirror}"),
    )
    assert done.returncode == 0, done.stdout
    return str(done.stdout)


def test_a_script_for_vmdb2_works_unchanged(announcement: Any, first: str) -> None:
    made = {path.name for path in announcement.folder.iterdir()}
    assert made == {"announcement.vmdb", "vmdb2", "first.img", "first.log", "rootfs.tar.gz"}
    log = (announcement.folder / "first.log").read_text(errors="replace")
    for text in ("Setting up linux-image-", "update-initramfs: Generating"):
        assert text in log
        assert text in first, "--verbose shows what programs print"
    with tarfile.open(announcement.folder / "rootfs.tar.gz") as tar:
        assert "./etc/debian_version" in tar.getnames()


def test_the_tarball_is_used_by_the_next_build(
    announcement: Any, first: str, host_mirror: str
) -> None:
    del first
    said_now = announcement.build(
        "second.img",
        *("--rootfs-tarball", "rootfs.tar.gz", f"--variable=mirror={host_mirror}", "--no-cache"),
    )
    assert "debootstrap bookworm (important, amd64) (skipped)" in said_now
    folder = announcement.folder
    assert filecmp.cmp(folder / "first.img", folder / "second.img", shallow=False)


def test_it_boots(announcement: Any, first: str, accel_of: Callable[..., Any]) -> None:
    del first
    with logged_in(announcement.folder / "first.img", Firmware.BIOS, accel_of()) as console:
        assert said(console, "hostname") == "pc-vmdb2"
        root, mounted = said(console, "findmnt --noheadings --output UUID,OPTIONS /").split()
        assert "rw" in mounted.split(",")
        assert said(console, "cat /etc/fstab") == f"UUID={root} / ext4 defaults 0 1"
        line = said(console, "cat /proc/cmdline")
        for word in (
            f"root=UUID={root}",
            "net.ifnames=0",
            "consoleblank=0",
            "console=ttyS0,115200n8",
        ):
            assert word in line.split()
