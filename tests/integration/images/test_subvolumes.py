"""Systems with the subvolumes of other distributions boot, and go back to a snapshot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from vmdsl.boot.console import Console
from vmdsl.boot.machine import Firmware, Machine
from vmdsl.boot.running import running

pytestmark = [pytest.mark.integration, pytest.mark.long]

MINUTES = 60
MOUNTED = {
    "fedora": {"/": "/root", "/home": "/home"},
    "opensuse": {
        "/": "/@/.snapshots/1/snapshot",
        "/.snapshots": "/@/.snapshots",
        **{f"/{name}": f"/@/{name}" for name in ("home", "opt", "root", "srv", "usr/local", "var")},
    },
}
#: As `snapper rollback` makes it: a new root from the one that runs, which is the default then.
#: GRUB's core image and its configuration are those of the root that they were installed from.
ROLL_BACK = """
set -e
mkdir /.snapshots/2
btrfs subvolume snapshot / /.snapshots/2/snapshot
btrfs subvolume set-default /.snapshots/2/snapshot
mount -o subvol=/@/.snapshots/2/snapshot /dev/vda1 /mnt
for place in dev proc sys; do mount --rbind /$place /mnt/$place; done
chroot /mnt grub-install /dev/vda
chroot /mnt update-grub
"""


def said(console: Console, command: str) -> str:
    done = console.run(command, timeout=5 * MINUTES)
    assert done.status == 0, console.transcript
    return done.output.strip()


def check(console: Console, mounted: dict[str, str]) -> None:
    console.login(timeout=10 * MINUTES)
    state = said(console, "systemctl is-system-running --wait; systemctl --failed --plain -q")
    assert state == "running", console.transcript
    listed = said(console, "findmnt --noheadings --raw --types btrfs --output TARGET,FSROOT")
    assert dict(line.split() for line in listed.splitlines()) == mounted


@pytest.mark.parametrize("like", MOUNTED)
def test_the_layout_of_another_distribution_boots(
    user: Any, accel_of: Callable[..., Any], like: str
) -> None:
    """A snapshot of openSUSE's root is the root once GRUB has been installed from it."""
    image = user.folder("subvolumes") / f"{like}.img"
    recipe = user.checkout / "tests/integration/recipes/subvolumes.py"
    done = user.build(recipe, "--like", like, "--output", image, timeout=30 * MINUTES)
    assert done.returncode == 0, done.stdout
    machine = Machine(image=image, firmware=Firmware.BIOS, accel=accel_of(), keep=True)
    mounted = MOUNTED[like]
    with running(machine) as console:
        check(console, mounted)
        said(console, "findmnt --verify && btrfs scrub start -B /")
        if like == "opensuse":
            said(console, ROLL_BACK)
        console.power_off(timeout=5 * MINUTES)
    if like == "opensuse":
        with running(machine) as console:
            check(console, {**mounted, "/": "/@/.snapshots/2/snapshot"})
            console.power_off(timeout=5 * MINUTES)
    image.unlink()
