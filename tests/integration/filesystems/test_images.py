"""Images with XFS, Btrfs and F2FS: built by an ordinary user and by root, checked, and booted.

In the machine that boots, the kernel's own drivers read what was written.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from vmdsl.boot.accel import choose
from vmdsl.boot.console import Console
from vmdsl.boot.machine import Firmware, Machine
from vmdsl.boot.running import running

pytestmark = pytest.mark.integration

MIB, MINUTES = 2**20, 60
KINDS = ("xfs", "btrfs", "f2fs")
CHECKS = {
    "ext4": ("e2fsck", "-fn"),
    "xfs": ("xfs_repair", "-n"),
    "btrfs": ("btrfs", "check"),
    "f2fs": ("fsck.f2fs", "--dry-run"),
}
#: In /root of the machine: nothing is different from what the build listed.
COMPARE = "python3 /root/listing.py /srv/{kind} | cmp - /root/{kind} && echo same"
#: What the driver writes beside it, in the same filesystem.
WRITE = "cd /srv/{kind} && cp big again && sync && cmp big again && rm -r many again && sync"


def parts(user: Any, image: Path, recipe: Path, *arguments: str | Path) -> dict[str, bytes]:
    """The filesystems of an image, but for the first, which may be of any kind."""
    done = user.run(user.checkout / ".venv/bin/vmdsl", "plan", recipe, "--json", *arguments)
    assert done.returncode == 0, done.stdout
    layout = json.loads(done.stdout)["layout"]
    places = {p["number"]: p for p in layout["partitions"]}
    found = {}
    with image.open("rb") as stream:
        for filesystem in layout["filesystems"]:
            place = places[filesystem["partition"]]
            stream.seek(place["start"])
            name = f"{filesystem['partition']}-{filesystem['kind']}"
            found[name] = stream.read(place["size"])
    return found


def check(name: str, content: bytes, folder: Path) -> None:
    part = folder / "part"
    part.write_bytes(content)
    command = CHECKS[name.partition("-")[2]]
    done = subprocess.run([*command, part], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    part.unlink()


def test_bytes_are_the_same_whoever_builds(
    user: Any, root_user: Any, base: Any, tmp_path: Path
) -> None:
    built = []
    for someone in (user, root_user):
        recipe = someone.checkout / "tests/integration/recipes/filesystems.py"
        image = someone.folder("filesystems") / "filesystems.img"
        done = someone.build(recipe, "--output", image, "--tarball", base.tarball)
        assert done.returncode == 0, done.stdout
        built.append(parts(someone, image, recipe, "--tarball", base.tarball))
        image.unlink()
    first, second = built
    assert {name.partition("-")[2] for name in first} == set(CHECKS)
    for name, content in first.items():
        check(name, content, tmp_path)
    different = [name for name in first if first[name] != second[name]]
    assert [name.partition("-")[2] for name in different] == ["btrfs"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_kernel_finds_all_of_it(user: Any, base: Any, kind: str) -> None:
    recipe = user.checkout / "tests/integration/recipes/filesystems.py"
    image = user.folder("filesystems") / f"{kind}.img"
    arguments = ("--tarball", base.tarball, "--kind", kind, "--boots", "--output", image)
    done = user.build(recipe, *arguments, timeout=30 * MINUTES)
    assert done.returncode == 0, done.stdout
    boot(image, kind, user.home / "accel")
    image.unlink()


def boot(image: Path, kind: str, cache: Path) -> None:
    machine = Machine(image=image, firmware=Firmware.BIOS, network=False, accel=choose(cache))
    with running(machine) as console:
        console.login(timeout=10 * MINUTES)
        state = console.run("systemctl is-system-running --wait", timeout=5 * MINUTES)
        failed = console.run("systemctl --failed --no-legend --plain").output
        assert (state.output.strip(), failed.strip()) == ("running", ""), console.transcript
        assert said(console, "findmnt --noheadings --output FSTYPE /") == kind
        assert "cap_net_raw" in said(console, "getcap /usr/bin/ping || /sbin/getcap /usr/bin/ping")
        said(console, "findmnt --verify")
        for data in KINDS:
            assert said(console, f"findmnt --noheadings --output FSTYPE /srv/{data}") == data
            assert said(console, COMPARE.format(kind=data)) == "same"
            said(console, WRITE.format(kind=data))
        errors = console.run("dmesg --level=emerg,alert,crit,err | grep -iE 'xfs|btrfs|f2fs'")
        assert errors.output.strip() == ""
        console.power_off(timeout=5 * MINUTES)


def said(console: Console, text: str) -> str:
    """What a command in the machine printed; it must succeed."""
    answer = console.run(text, timeout=10 * MINUTES)
    assert answer.status == 0, f"{text}: {answer.output}"
    return answer.output.strip()
