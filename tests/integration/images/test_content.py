"""What is in the images: whole filesystems, the right owners, and nothing of this machine."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.integration

RECIPES = Path(__file__).parents[3] / "recipes"


@pytest.fixture
def look(name: str, built: Callable[[str], Any]) -> Any:
    return built(name)


def test_every_recipe_is_looked_into(
    promised: Mapping[str, Any], of_boards: Collection[str]
) -> None:
    """That for all architectures is in test_architectures.py; the Pi's is only planned."""
    names = {path.stem for path in RECIPES.glob("*.py")}
    assert names == {*promised, *of_boards, "uefi", "raspberry_pi"}


def test_partition_table(look: Any) -> None:
    done = look.tool("sfdisk", "--verify", look.image)
    assert (done.returncode, done.stderr) == (0, "")
    assert "No errors detected." in done.stdout
    table = json.loads(look.tool("sfdisk", "--json", look.image).stdout)["partitiontable"]
    sector = table["sectorsize"]
    expected = look.layout["partitions"]
    places = [(p["start"] * sector, p["size"] * sector) for p in table["partitions"]]
    assert places == [(p["start"], p["size"]) for p in expected]
    if table["label"] == "gpt":
        assert [p["uuid"].lower() for p in table["partitions"]] == [p["uuid"] for p in expected]


def test_filesystems_are_whole(look: Any, tmp_path: Path) -> None:
    for ext4 in look.kinds("ext4"):
        place = f"{look.image}?offset={ext4['start']}"
        done = look.tool("e2fsck", "-fn", place)
        assert done.returncode == 0, done.stdout + done.stderr
        about = look.tool("debugfs", "-R", "show_super_stats -h", place).stdout
        assert re.findall(r"^Filesystem UUID: +(.*)$", about, re.MULTILINE) == [ext4["uuid"]]
    for vfat in look.kinds("vfat"):
        part = look.cut(vfat, tmp_path / "vfat")
        done = look.tool("fsck.vfat", "-n", part)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f'UUID="{vfat["uuid"]}"' in look.tool("blkid", "-p", part).stdout
    for swap in look.kinds("swap"):
        about = look.tool("blkid", "-p", look.cut(swap, tmp_path / "swap")).stdout
        assert 'TYPE="swap"' in about
        assert f'UUID="{swap["uuid"]}"' in about


def test_image_is_sparse(look: Any) -> None:
    about = look.image.stat()
    assert about.st_size == look.layout["disk"]["size"]
    free = look.layout["disk"]["free"]
    most = about.st_size / 4 if free is None else about.st_size - free * 0.75
    assert about.st_blocks * 512 < most


def test_owners_and_modes(look: Any) -> None:
    assert look.owner("/") == (0, 0, "0755")
    assert look.owner("/lost+found") == (0, 0, "0700")
    assert look.owner("/root") == (0, 0, "0700")
    assert look.owner("/tmp") == (0, 0, "01777")
    assert look.owner("/etc/passwd") == (0, 0, "0644")
    shadow, mail, apt = 42, 8, 42
    assert look.owner("/etc/shadow") == (0, shadow, "0640")
    assert look.owner("/usr/bin/su") == (0, 0, "04755")
    assert look.owner("/usr/bin/chage") == (0, shadow, "02755")
    assert look.owner("/var/mail") == (0, mail, "02775")
    assert look.owner("/var/cache/apt/archives/partial") == (apt, 0, "0700")


def test_uuids_are_those_of_the_plan(look: Any) -> None:
    known = {filesystem["uuid"] for filesystem in look.layout["filesystems"]}
    assert set(re.findall(r"^UUID=(\S+)", look.read("/etc/fstab"), re.MULTILINE)) == known
    config = look.read("/boot/grub/grub.cfg")
    kernels = re.findall(r"^\s*linux\s.*\sroot=UUID=(\S+)", config, re.MULTILINE)
    searches = re.findall(r"^\s*search\s.*--fs-uuid.*\s(\S+)$", config, re.MULTILINE)
    assert set(kernels) == set(searches) == {look.mounts()["/"]["uuid"]}
    assert len(kernels) == len(re.findall(r"^\s*initrd\s", config, re.MULTILINE))


def test_nothing_of_the_build_is_in_the_image(look: Any, user: Any) -> None:
    assert look.exists("/etc/machine-id")
    assert look.read("/etc/machine-id") == ""
    if look.exists("/etc/resolv.conf"):  # systemd-resolved's, and no file of ours
        assert "/run/systemd/resolve/" in look.debugfs("stat /etc/resolv.conf")
    for path in (
        "/usr/sbin/policy-rc.d",
        "/var/lib/dbus/machine-id",
        "/var/lib/systemd/random-seed",
    ):
        assert not look.exists(path), path
    for folder in ("/dev", "/proc", "/run", "/sys", "/tmp", "/var/lib/apt/lists", "/var/tmp"):
        assert look.names(folder) == set(), folder
    assert look.names("/var/cache/apt/archives") <= {"lock", "partial"}
    traces = [str(path).encode() for path in (user.cache, user.checkout)]
    found = [p for p, block in look.data() if any(trace in block for trace in traces)]
    assert not found
