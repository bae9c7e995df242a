"""Real specifications for boards: an ordinary user builds them, and their cards are looked into."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cards import card_of, check_raspberry_pi
from vmdb2.looked_at import Steps

pytestmark = [pytest.mark.integration, pytest.mark.long]

Find = Callable[[Callable[[Any], bool]], Any]
Copy = Callable[..., Any]


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
