"""Real specifications for boards: an ordinary user builds them, and their cards are looked into."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cards import card_of, check_raspberry_pi
from vmdb2.looked_at import Steps, scripts

pytestmark = [pytest.mark.integration, pytest.mark.long]

Find = Callable[[Callable[[Any], bool]], Any]
Copy = Callable[..., Any]
U_BOOT = {("bullseye", "u-boot-rockchip"): "arm64", ("buster", "u-boot-sunxi"): "armhf"}


def boards(steps: Steps, *packages: str, suite: str, arch: str) -> bool:
    """Return whether a specification bootstraps so, and installs these packages."""
    systems = [s for s in steps if {"debootstrap", "qemu-debootstrap"} & s.keys()]
    found = [(s.get("debootstrap", s.get("qemu-debootstrap")), s.get("arch")) for s in systems]
    named = {name for step in steps for name in step.get("packages", ())}
    return found == [(suite, arch)] and named >= set(packages)


@pytest.mark.parametrize(("suite", "arch"), [("trixie", "arm64"), ("bookworm", "armhf")])
def test_one_for_a_raspberry_pi(
    fewest: Find, copied: Copy, tmp_path: Path, suite: str, arch: str
) -> None:
    """Its root is the one of the card, whatever the hooks of its packages have found out."""
    spec = copied(fewest(lambda s: boards(s, "raspi-firmware", suite=suite, arch=arch)))
    spec.build("card.img", "--rootfs-tarball", "rootfs.tar")
    firmware = check_raspberry_pi(card_of(spec.folder / "card.img"), tmp_path)
    (line,) = (firmware / "cmdline.txt").read_text().splitlines()
    assert [word for word in line.split() if word.startswith("root=")] == ["root=LABEL=RASPIROOT"]


@pytest.mark.parametrize(("suite", "package"), list(U_BOOT))
def test_one_for_a_board(
    fewest: Find, copied: Copy, tmp_path: Path, suite: str, package: str
) -> None:
    """Scripts write U-Boot with dd, and flash-kernel makes what it starts."""

    def suits(steps: Steps) -> bool:
        text = scripts(steps)
        fetches = "curl" in text or "ansible-playbook" in text
        arch = U_BOOT[suite, package]
        return boards(steps, package, suite=suite, arch=arch) and not fetches

    spec = copied(fewest(suits))
    spec.build("card.img", "--rootfs-tarball", "rootfs.tar")
    card = card_of(spec.folder / "card.img")
    pieces = re.findall(r"(?m)^ *dd (.*)", scripts(spec.steps))
    assert pieces
    with card.image.open("rb") as image:
        for words in pieces:
            given = dict(word.split("=") for word in words.replace("{{ output }}", "").split())
            file = card.read(1, given["if"].removeprefix("$ROOT"), tmp_path / "piece")
            assert len(file) > 10_000
            image.seek(int(given["seek"]) * int(given.get("bs", 512)))
            assert image.read(len(file)) == file, given["if"]
    script = card.read(1, "/boot/boot.scr", tmp_path / "script")
    (uuid,) = re.findall(r"UUID=(\S+) +/ ", card.read(1, "/etc/fstab", tmp_path / "t").decode())
    assert f"root=UUID={uuid}".encode() in script
