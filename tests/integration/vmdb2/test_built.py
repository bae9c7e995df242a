"""An image that the real vmdb2 has made of a recipe, as root, which it needs."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench import kpartx
from bench.sides import host_mirror
from guests import let_start_quickly
from users import IS_ROOT
from vmdsl.boot.machine import Firmware, Machine
from vmdsl.boot.running import running
from vmdsl.plan.load import load
from vmdsl.plan.plan import make_plan
from vmdsl.plan.typecheck import Untyped
from vmdsl.vmdb2.to_yaml.write import to_yaml

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not IS_ROOT, reason="vmdb2 runs as root alone, and this run is not root's"),
]

HERE = Path(__file__).parent
MINUTES = 60
_START = "import vmdb; vmdb.Vmdb2(version=vmdb.__version__).run()"
#: What is looked at in the running machine, each with what is to be seen.
EXPECTED = {
    "hostname": "small",
    "stat -c '%a %U %G' /etc/a/b /etc/a/b/c": "755 root root\n2640 man mail",
    "cat /etc/a/b/c /etc/link/c": "deep {{ x }} ${#y}\ndeep {{ x }} ${#y}",
    "ls -d /etc/not* /etc/resolv.conf 2>/dev/null || echo none": "none",
    "stat -c '%a %U %G' /srv/shared /srv/play/play.yml": "2775 root mail\n644 mail root",
    "readlink /etc/link /srv/play/link": "a/b\nplay.yml",
    "findmnt -no SOURCE,FSTYPE /srv": "/dev/vda3 ext4",
    "findmnt -no SOURCE,OPTIONS / | tr , '\\n' | grep -E 'vda|noatime' | xargs": (
        "/dev/vda1 rw noatime"
    ),
    "findmnt -no FSTYPE /scratch": "tmpfs",
    "swapon --noheadings --show=NAME,SIZE": "/dev/vda2  64M",
    "lsblk -no LABEL /dev/vda1 /dev/vda2": "root\nswap space",
    "tr ' ' '\\n' </proc/cmdline | grep -cE '^(root=UUID=.*|quiet|x.y=z)$'": "3",
    "dd if=/dev/vda bs=512 skip=1000 count=1 2>/dev/null | head -c 5": "hello",
    "dd if=/dev/vda bs=512 skip=1100 count=1 2>/dev/null | head -c 4": "deep",
    "od -An -tx1 -j450 -N1 /dev/vda; od -An -tx1 -j466 -N1 /dev/vda": "83\n 82",
    "grep -c Rome /var/cache/debconf/config.dat; dpkg -l nano 2>/dev/null | grep -c ^ii": "1\n0",
}


@pytest.fixture(scope="module")
def image(vmdb2: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    shutil.copy(HERE / "small.py", folder)
    shutil.copytree(HERE / "play", folder / "play")
    (folder / "play/link").symlink_to("play.yml")
    (folder / "play/module.pyc").write_bytes(b"")
    before = list(sys.path)
    recipe = load(folder / "small.py")
    values = {"mirror": host_mirror()}
    plan = make_plan(recipe.path, values, cache=folder, loaded=recipe, types=Untyped())
    sys.path[:] = before
    (folder / "small.vmdb").write_text(to_yaml(plan), encoding="utf-8")
    more = {"PATH": f"/usr/local/sbin:/usr/sbin:/sbin:{os.environ['PATH']}"}
    if kpartx.is_needed():
        kpartx.install(folder / "bin")
        more["PATH"] = f"{folder}/bin:{more['PATH']}"
    vmdb2.run("-c", _START, "small.vmdb", "--output=small.img", "-v", cwd=folder, more=more)
    return folder / "small.img"


def test_it_is_what_the_recipe_says(image: Path, accel_of: Callable[..., Any]) -> None:
    let_start_quickly(image)
    machine = Machine(image=image, firmware=Firmware.BIOS, accel=accel_of())
    with running(machine) as console:
        console.login(timeout=10 * MINUTES)
        state = console.run("systemctl is-system-running --wait", timeout=5 * MINUTES)
        assert state.output.strip() == "running", console.run("systemctl --failed")
        seen = {command: console.run(command).output.strip() for command in EXPECTED}
    assert seen == EXPECTED
