"""Real specifications of several kinds: an ordinary user builds them, and they boot.

They are chosen by what their steps are, and none is treated otherwise than the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from vmdb2.machines import logged_in, said
from vmdsl.boot.accel import choose
from vmdsl.boot.machine import Accel, Firmware

pytestmark = pytest.mark.integration

Find = Callable[[Callable[[Any], bool]], Any]
Copy = Callable[..., Any]


@pytest.fixture(scope="module")
def accel(user: Any) -> Accel:
    return choose(user.home / "accel")


def has(steps: Any, kind: str, value: str | None = None) -> bool:
    """Whether there is a step of a kind, and with that value."""
    return any(kind in step and value in {None, step[kind]} for step in steps)


def boots_here(steps: Any, firmware: str) -> bool:
    """Whether its boot loader is for a firmware, and its system for a PC of 64 bits."""
    systems = [step for step in steps if {"debootstrap", "qemu-debootstrap"} & step.keys()]
    arches = {step.get("arch", "amd64") for step in systems}
    return arches == {"amd64"} and has(steps, "grub", firmware)


def hostname(steps: Any) -> str:
    """What a script writes to /etc/hostname."""
    lines = "\n".join(step.get("shell", "") for step in steps).splitlines()
    (name,) = {line.split()[1] for line in lines if line.endswith("> /etc/hostname")}
    return str(name)


def test_one_for_the_bios_grows(fewest: Find, copied: Copy, accel: Accel) -> None:
    """It has a partition of half the disk, and is built twice, the second time of its tarball."""
    spec = copied(
        fewest(
            lambda s: boots_here(s, "bios") and has(s, "resize-rootfs") and not has(s, "ansible")
        )
    )
    spec.build("first.img", "--rootfs-tarball", "rootfs.tar")
    said_now = spec.build("disk.img", "--rootfs-tarball", "rootfs.tar", "--no-cache")
    assert "unpack rootfs.tar" in said_now
    assert "(skipped)" in said_now
    image, keyboard = spec.folder / "disk.img", spec.folder / "keyboard"
    with logged_in(image, Firmware.BIOS, accel, keyboard=keyboard) as console:
        assert said(console, "hostname") == hostname(spec.steps)
        said(console, "test ! -e /sys/firmware/efi")
        disk, part = map(int, said(console, "lsblk -bnr -o SIZE /dev/vda").split())
        assert disk - part < 2 * 2**20
        size = int(said(console, "findmnt -bnr -o SIZE /"))
        assert size > 0.9 * disk


def test_one_for_uefi_whose_files_come_first(fewest: Find, copied: Copy, accel: Accel) -> None:
    """It makes files above its system, with owners and modes."""

    def suits(steps: Any) -> bool:
        return boots_here(steps, "uefi") and has(steps, "create-dir") and has(steps, "copy-file")

    spec = copied(fewest(suits))
    spec.build("disk.img", "--rootfs-tarball", "rootfs.tar")
    with logged_in(spec.folder / "disk.img", Firmware.UEFI, accel) as console:
        assert said(console, "hostname") == hostname(spec.steps)
        said(console, "test -e /sys/firmware/efi")
        for step in spec.steps:
            for kind, umask in (("create-dir", 0o022), ("create-file", 0), ("copy-file", 0)):
                if kind in step:
                    owner = f"{step['perm'] & ~umask:o} {step['uid']} {step['gid']}"
                    assert said(console, f"stat -c '%a %u %g' {step[kind]}") == owner
            if "contents" in step:
                assert said(console, f"cat {step['create-file']}") == step["contents"]
            if "label" in step:
                assert said(console, "findmnt -no LABEL /") == step["label"]
        assert said(console, "cut -d' ' -f2-3 /etc/fstab") == "/ ext4\n/boot/efi vfat"


def test_one_with_a_playbook(fewest: Find, copied: Copy, accel: Accel) -> None:
    spec = copied(fewest(lambda s: boots_here(s, "bios") and has(s, "ansible")))
    spec.build("disk.img", "--rootfs-tarball", "rootfs.tar")
    image, keyboard = spec.folder / "disk.img", spec.folder / "keyboard"
    with logged_in(image, Firmware.BIOS, accel, keyboard=keyboard) as console:
        assert said(console, "cat /etc/trace") == "by ansible"


def test_one_that_copies_files_and_directories(fewest: Find, copied: Copy, accel: Accel) -> None:
    spec = copied(fewest(lambda s: boots_here(s, "bios") and has(s, "copy-dir")), trimmed=True)
    spec.build("disk.img", "--rootfs-tarball", "rootfs.tar")
    with logged_in(spec.folder / "disk.img", Firmware.BIOS, accel) as console:
        assert said(console, "hostname") == hostname(spec.steps)
        for step in spec.steps:
            if "copy-dir" in step:
                assert said(console, f"stat -c '%a %u %g' {step['copy-dir']}/file") == "644 0 0"
            if "copy-file" in step:
                assert said(console, f"stat -c '%a %u %g' {step['copy-file']}") == "644 0 0"
        assert said(console, "cat /run/stand-in") == "started"
