"""Real specifications for boards: an ordinary user builds them, and their cards are looked into."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cards import card_of, check_raspberry_pi
from vmdb2.looked_at import Steps, scripts

pytestmark = [pytest.mark.integration, pytest.mark.long]

Find = Callable[[Callable[[Any], bool]], Any]
Copy = Callable[..., Any]
#: The pieces of U-Boot that a package's program installs in the image it is given, by sector.
INSTALLED = {"u-boot-install-rockchip": (("idbloader.img", 64), ("u-boot.itb", 16384))}


def boards(steps: Steps, *packages: str, suite: str, arch: str) -> bool:
    """Return whether a specification bootstraps so, and installs these packages."""
    systems = [s for s in steps if {"debootstrap", "qemu-debootstrap"} & s.keys()]
    found = [(s.get("debootstrap", s.get("qemu-debootstrap")), s.get("arch")) for s in systems]
    named = {name for step in steps for name in step.get("packages", ())}
    return found == [(suite, arch)] and named >= set(packages)


@pytest.mark.parametrize(("suite", "arch"), [("trixie", "arm64")])
def test_one_for_a_raspberry_pi(
    fewest: Find, copied: Copy, tmp_path: Path, suite: str, arch: str
) -> None:
    """Its root is the one of the card, whatever the hooks of its packages have found out."""
    spec = copied(fewest(lambda s: boards(s, "raspi-firmware", suite=suite, arch=arch)))
    spec.build("card.img", "--rootfs-tarball", "rootfs.tar")
    card = card_of(spec.folder / "card.img")
    firmware = check_raspberry_pi(card, tmp_path)
    (line,) = (firmware / "cmdline.txt").read_text().splitlines()
    (root,) = (word for word in line.split() if word.startswith("root="))
    assert root in {"root=LABEL=RASPIROOT", f"root=UUID={card.uuid(2)}"}


@pytest.mark.parametrize("package", ["u-boot-rockchip"])
def test_one_for_a_board(fewest: Find, copied: Copy, tmp_path: Path, package: str) -> None:
    """Scripts write U-Boot between the table and the root; flash-kernel writes what it starts."""

    def suits(steps: Steps) -> bool:
        text = scripts(steps)
        fetches = "curl" in text or "ansible-playbook" in text
        return boards(steps, package, suite="bookworm", arch="arm64") and not fetches

    spec = copied(fewest(suits))
    spec.build("card.img", "--rootfs-tarball", "rootfs.tar")
    card = card_of(spec.folder / "card.img")
    pieces = list(pieces_of(scripts(spec.steps)))
    assert pieces
    with card.image.open("rb") as image:
        for path, offset in pieces:
            file = card.read(1, path, tmp_path / "piece")
            assert len(file) > 10_000
            image.seek(offset)
            assert image.read(len(file)) == file, path
    script = card.read(1, "/boot/boot.scr", tmp_path / "script")
    (uuid,) = re.findall(r"UUID=(\S+)\s+/\s", card.read(1, "/etc/fstab", tmp_path / "t").decode())
    assert f"root=UUID={uuid}".encode() in script


def pieces_of(script: str) -> Iterator[tuple[str, int]]:
    """Yield each file of the root that scripts write to the image, and the byte that it is at."""
    for folder, program in re.findall(r'TARGET="\$ROOT(\S+)" \$ROOT/usr/bin/(\S+)', script):
        for name, sector in INSTALLED[program]:
            yield f"{folder}/{name}", sector * 512
