"""Real specifications of several kinds: an ordinary user builds them, and they boot.

They are chosen by what their steps are, and none is treated otherwise than the rest. In each
machine, everything that the steps say is held against what is there.
"""

from __future__ import annotations

import filecmp
import os
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from vmdb2.looked_at import Steps, is_as_said, scripts
from vmdb2.machines import logged_in, said
from vmdsl.boot.console import Console
from vmdsl.boot.machine import Firmware

pytestmark = pytest.mark.integration

Find = Callable[[Callable[[Any], bool]], Any]
Copy = Callable[..., Any]
GIB = 2**30
Boot = Callable[..., AbstractContextManager[Console]]


@pytest.fixture(scope="module")
def booted(accel_of: Callable[..., Any]) -> Boot:
    """Boots the image of a specification, and looks at all that its steps say."""
    accel = accel_of()

    @contextmanager
    def boot(spec: Any, **more: bool) -> Iterator[Console]:
        (grub,) = (step for step in spec.steps if "grub" in step)
        keyboard = None if grub.get("console") == "serial" else spec.folder / "keyboard"
        image, firmware = spec.folder / "disk.img", Firmware(grub["grub"])
        with logged_in(image, firmware, accel, keyboard=keyboard, **more) as console:
            is_as_said(console, spec.steps)
            yield console

    return boot


def has(steps: Steps, kind: str, value: str | None = None) -> bool:
    """Whether there is a step of a kind, and with that value."""
    return any(kind in step and value in {None, step[kind]} for step in steps)


def boots(steps: Steps, firmware: str, arch: str = "amd64") -> bool:
    """Whether its boot loader is for a firmware, and its system for a kind of processor."""
    systems = [step for step in steps if {"debootstrap", "qemu-debootstrap"} & step.keys()]
    arches = {step.get("arch", "amd64") for step in systems}
    return arches == {arch} and has(steps, "grub", firmware)


def test_one_for_the_bios_grows(fewest: Find, copied: Copy, booted: Boot) -> None:
    """It has a partition of half the disk, and is built twice, the second time of its tarball."""
    spec = copied(
        fewest(lambda s: boots(s, "bios") and has(s, "resize-rootfs") and not has(s, "ansible"))
    )
    spec.build("first.img", "--rootfs-tarball", "rootfs.tar")
    said_now = spec.build("disk.img", "--rootfs-tarball", "rootfs.tar", "--no-cache")
    assert "unpack rootfs.tar" in said_now
    assert "(skipped)" in said_now
    with booted(spec):
        pass


def test_one_for_uefi_whose_files_come_first(fewest: Find, copied: Copy, booted: Boot) -> None:
    """It makes files above its system, with owners and modes."""

    def suits(steps: Steps) -> bool:
        return boots(steps, "uefi") and has(steps, "create-dir") and has(steps, "copy-file")

    spec = copied(fewest(suits))
    spec.build("disk.img", "--rootfs-tarball", "rootfs.tar")
    with booted(spec) as console:
        assert said(console, "cut -d' ' -f2-3 /etc/fstab") == "/ ext4\n/boot/efi vfat"


def test_one_with_a_playbook(fewest: Find, copied: Copy, booted: Boot) -> None:
    """The playbook has variables and tags, and the root is an ext2 that grows on a larger disk."""

    def suits(steps: Steps) -> bool:
        return boots(steps, "bios") and any("extra_vars" in step for step in steps)

    spec = copied(fewest(suits), trimmed=True)
    spec.build("disk.img")
    os.truncate(spec.folder / "disk.img", 5 * GIB)
    with booted(spec):
        pass


def test_one_that_copies_files_and_directories(fewest: Find, copied: Copy, booted: Boot) -> None:
    spec = copied(fewest(lambda s: boots(s, "bios") and has(s, "copy-dir")), trimmed=True)
    spec.build("disk.img", "--rootfs-tarball", "rootfs.tar")
    with booted(spec) as console:
        assert said(console, "cat /run/stand-in") == "started"


def test_one_for_processors_of_32_bits(fewest: Find, copied: Copy, booted: Boot) -> None:
    """Its root is not the first partition; and the recipe made of it has the same image."""
    spec = copied(fewest(lambda s: boots(s, "bios", "i386")))
    spec.build("disk.img", "--rootfs-tarball", "rootfs.tar")
    converted = spec.vmdsl("from-yaml", spec.file.name, "-o", "spec.py")
    assert converted.returncode == 0, converted.stdout
    done = spec.vmdsl("build", "spec.py", "--output", "recipe.img")
    assert done.returncode == 0, done.stdout
    assert filecmp.cmp(spec.folder / "disk.img", spec.folder / "recipe.img", shallow=False)
    with booted(spec) as console:
        assert said(console, "uname -m") == "i686"


def test_one_that_does_most_in_shell(fewest: Find, copied: Copy, booted: Boot) -> None:
    """Scripts make its fstab, sources, units, locale and keyboard, and fill the disk with zeros."""

    def suits(steps: Steps) -> bool:
        return boots(steps, "uefi") and "etc/fstab" in scripts(steps)

    spec = copied(fewest(suits), trimmed=True)
    spec.build("disk.img")
    script = scripts(spec.steps)
    with booted(spec, network=True, german='XKBLAYOUT="de"' in script) as console:
        assert said(console, "cat /run/stand-in") == "started"
        assert said(console, "findmnt --noheadings --output FSTYPE /boot/efi") == "vfat"
        written = re.findall(r'(?m)^echo "(.*)" +>>? "\$\{ROOT\?\}(/etc/\S+)"', script)
        assert len(written) > 5
        for line, path in written:
            said(console, f"grep -qxF -- {shlex.quote(line)} {path}")
        (zone,) = re.findall(r"ln -sf (\S+) /etc/localtime", script)
        assert said(console, "readlink /etc/localtime") == zone
        (locale,) = re.findall(r"default_environment_locale select (\S+)\"", script)
        assert said(console, ". /etc/default/locale; echo $LANG") == locale
        said(console, f"locale -a | grep -i {locale.replace('-', '')}")
