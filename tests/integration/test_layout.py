"""Tables with partitions at odd places and of odd types; images as large as their content."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from vmdsl import programs

pytestmark = pytest.mark.integration

RECIPES = Path(__file__).with_name("recipes")
MIB = 2**20
Build = Callable[..., Path]


@pytest.fixture(scope="module")
def build(user: Any) -> Build:
    """Builds a recipe of the tests as the ordinary user; the image."""

    def build(name: str, *arguments: str) -> Path:
        folder = user.folder(name)
        recipe = user.file(folder / f"{name}.py", (RECIPES / f"{name}.py").read_text("utf-8"))
        done = user.build(recipe, "--output", folder / "image", *arguments)
        assert done.returncode == 0, done.stdout
        return Path(folder / "image")

    return build


def table_of(image: Path) -> dict[str, Any]:
    """What sfdisk reads of the table; it must find nothing wrong with it."""
    verified = programs.run(["sfdisk", "--verify", str(image)])
    assert verified.ok, verified.output
    done = programs.run(["sfdisk", "--json", str(image)])
    assert done.ok, done.output
    found: dict[str, Any] = json.loads(done.output)["partitiontable"]
    return found


def file_on(image: Path, start: int, path: str) -> str:
    """A file of an ext filesystem."""
    return programs.run(["debugfs", "-R", f"cat {path}", f"{image}?offset={start}"]).output


def test_gpt(build: Build) -> None:
    image = build("odd_gpt")
    table = table_of(image)
    assert (table["label"], table["firstlba"], table["lastlba"]) == ("gpt", 64, 1024000 - 34)
    assert [(p["start"], p["size"]) for p in table["partitions"]] == [
        (64, 99),
        (16384, 2048),
        (15 * 2048, 23 * 2048),
        (38 * 2048, (450 - 38 - 20) * 2048),
        (430 * 2048, 20 * 2048),
        (450 * 2048, 50 * 2048 - 33),
    ]
    assert [p["type"] for p in table["partitions"]] == [
        "2E54B353-1271-4842-806F-E436D6AF6985",
        "3DE21764-95BD-54BD-A5C3-4ABE786F38A8",
        "E6D6D379-F507-44C2-A23C-238F2A3DF928",
        "B921B045-1DF0-41C3-AF44-4C6F280D3FAE",
        "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F",
        "CA7D7CCB-63ED-4C53-861C-1742536059CC",
    ]
    assert "odd" in file_on(image, 38 * MIB, "/etc/hostname")


def test_gpt_in_its_own_bytes(build: Build) -> None:
    """Not only sfdisk says so: attributes and names are what the specification of UEFI wants."""
    image = build("odd_gpt")
    with image.open("rb") as disk:
        disk.seek(512)
        header = disk.read(92)
        assert header[:8] == b"EFI PART"
        first, last = struct.unpack_from("<QQ", header, 40)
        assert (first, last) == (64, 1024000 - 34)
        disk.seek(struct.unpack_from("<Q", header, 72)[0] * 512)
        entries = [disk.read(128) for _ in range(6)]
    start, end, attributes = struct.unpack_from("<QQQ", entries[2], 32)
    assert (start, end) == (15 * 2048, 38 * 2048 - 1)
    bits = {bit for bit in range(64) if attributes >> bit & 1}
    assert bits == {0, 1, 2, 48, 55, 59, 60, 62, 63}
    names = [entry[56:].decode("utf-16-le").rstrip("\0") for entry in entries]
    assert names == ["spl", "", 'a "name" \\ ünï', "root", "", ""]
    assert UUID(bytes_le=entries[0][:16]) == UUID("2e54b353-1271-4842-806f-e436d6af6985")


def test_mbr(build: Build) -> None:
    image = build("odd_mbr")
    assert [(p["start"], p["size"], p["type"]) for p in table_of(image)["partitions"]] == [
        (1, 62, "da"),
        (63, 100 * 2048 - 63, "83"),
        (100 * 2048, 99 * 2048, "7"),
        (200 * 2048 - 1000, 1000, "fd"),
    ]
    with image.open("rb") as disk:
        sector = disk.read(512)
        disk.seek(100 * MIB)
        assert disk.read(512)[82:87] == b"FAT32"
    assert sector[510:] == b"\x55\xaa"
    entries = [sector[446 + 16 * n :][:16] for n in range(4)]
    assert [entry[0] for entry in entries] == [0, 0x80, 0, 0]
    assert [entry[4] for entry in entries] == [0xDA, 0x83, 0x07, 0xFD]
    checked = programs.run(["debugfs", "-R", "stats", f"{image}?offset={63 * 512}"])
    assert re.search(r"^Block count: +25592$", checked.output, re.MULTILINE), checked.output


def test_logical_partitions(build: Build) -> None:
    """The kernel's own reader and sfdisk see them; their tables are where none of them is."""
    image = build("logical")
    wanted = {
        1: (1, 60, "83"),
        2: (61, 119, "f"),
        3: (180, 20, "83"),
        5: (70, 20, "82"),
        6: (91, 55, "83"),
        7: (147, 2, "da"),
        8: (150, 30, "83"),
    }
    found = {
        int(re.sub(r".*\D", "", p["node"])): (p["start"] / 2048, p["size"] / 2048, p["type"])
        for p in table_of(image)["partitions"]
    }
    assert found == wanted
    shown = programs.run(["partx", "--show", "--noheadings", "--output", "NR,UUID", str(image)])
    numbers = {int(n): name for n, name in map(str.split, shown.output.splitlines())}
    assert set(numbers) == set(wanted)
    assert all(name.endswith(f"-{number:02x}") for number, name in numbers.items())
    for number, name in {1: "root", 6: "var", 8: "home", 3: "last"}.items():
        start = int(wanted[number][0]) * MIB
        assert file_on(image, start, "/name").endswith(f"\n{name}")
        assert programs.run(["e2fsck", "-fn", f"{image}?offset={start}"]).ok
    with image.open("rb") as disk:
        for offset, text in ((147, b""), (148, b"loader"), (65, b"script")):
            disk.seek(offset * MIB)
            assert disk.read(6).rstrip(b"\0") == text


def room(image: Path, start: int) -> tuple[int, int]:
    """The bytes that users can write to, as the kernel reckons them, and the free inodes."""
    stats = programs.run(["debugfs", "-R", "stats", f"{image}?offset={start}"]).output

    def number(name: str) -> int:
        found = re.search(rf"^{name}: +(\d+)", stats, re.MULTILINE)
        assert found, stats
        return int(found[1])

    kept = min(number("Block count") // 50, 4096)
    blocks = number("Free blocks") - number("Reserved block count") - kept
    return blocks * number("Block size"), number("Free inodes")


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (("--free", "100M"), 100 * MIB),
        (("--free", "0M"), 0),
        (("--free", "1500M"), 1500 * MIB),
        (("--free", "10M", "--files", "9000"), 10 * MIB),
    ],
)
def test_as_large_as_its_content(build: Build, arguments: tuple[str, ...], asked: int) -> None:
    """As much is free as was asked for, and no more than 2 MiB and a hundredth of all besides.

    Only where inodes are the limit it may be more.
    """
    image = build("growing", *arguments)
    table = table_of(image)
    root, swap = table["partitions"]
    free, inodes = room(image, root["start"] * 512)
    assert free >= asked
    assert inodes >= 16
    if "--files" not in arguments:
        assert free <= asked + 2 * MIB + image.stat().st_size / 100
    assert swap["start"] == root["start"] + root["size"]
    assert image.stat().st_size == (swap["start"] + swap["size"]) * 512 + MIB
    checked = programs.run(["e2fsck", "-fn", f"{image}?offset={root['start'] * 512}"])
    assert checked.ok, checked.output
    assert file_on(image, root["start"] * 512, "/etc/fstab").splitlines()[1:] == [
        "PARTLABEL=root / ext4 noatime 0 1",
        "PARTLABEL=pages none swap sw 0 0",
        "tmpfs /tmp tmpfs size=1G 0 0",
    ]
    if asked == 100 * MIB:  # as without arguments
        assert programs.run(["cmp", str(image), str(build("growing", "--no-cache"))]).output == ""


SMALL = """\
from vmdsl import *

@step
def root() -> Mounted[{type}]:
    return mount({make}(mkpart(mkgpt(mkimg(free=MiB(5)))){more}))

@step
def content() -> None:
    host_shell(root(), 'cd "$ROOT"; for i in $(seq 900); do echo $i >$i.txt; done')
"""


def test_fat_grows_until_it_holds_its_names(user: Any) -> None:
    """FAT16's top directory is of one size: it becomes FAT32."""
    folder = user.folder("fat")
    text = SMALL.format(type="Vfat", make="mkvfat", more="")
    done = user.build(user.file(folder / "fat.py", text), "--output", folder / "image")
    assert done.returncode == 0, done.stdout
    assert (folder / "image").stat().st_size == (64 + 2) * MIB


def test_more_inodes_than_a_size_can_give(user: Any) -> None:
    folder = user.folder("inodes")
    text = SMALL.format(type="Ext4", make="mkext4", more=", inodes=500")
    done = user.build(user.file(folder / "inodes.py", text), "--output", folder / "image")
    assert done.returncode == 5, done.stdout
    assert "its content is 900 files and directories, and it has room for" in done.stdout
    assert "is the number given with inodes=" in done.stdout


def test_plan_of_what_grows(user: Any) -> None:
    """What isn't known is said to be so, in words and in JSON."""
    folder = user.folder("plan")
    recipe = user.file(folder / "growing.py", (RECIPES / "growing.py").read_text("utf-8"))
    text = user.run(*user.vmdsl("plan", recipe)[-3:]).stdout
    assert "image as large as its content needs, and 100 MiB free\n" in text
    assert re.search(r"root .*: partition 1, linux\n.*\n +size: its content, and 100 MiB\n", text)
    assert re.search(r"swap .*: partition 2, swap\n +start: behind a partition that grows", text)
    layout = json.loads(user.run(*user.vmdsl("plan", recipe, "--json")[-4:]).stdout)["layout"]
    assert layout["disk"] == {"step": "table", "size": None, "free": 100 * MIB, "sector": 512}
    places = [(p["start"], p["size"]) for p in layout["partitions"]]
    assert places == [(MIB, None), (None, 5 * MIB)]
