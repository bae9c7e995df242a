"""Images that start from one that is there, built by an ordinary user and by root."""

from __future__ import annotations

import filecmp
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from users import User

pytestmark = pytest.mark.integration

MIB = 2**20
RECIPES = "tests/integration/recipes"
#: Of the image that another starts from: its boot code, its ESP, its swap space and its root.
CODE, ESP, SWAP, ROOT = 1, 2, 3, 4


def tool(*argv: str | Path) -> str:
    done = subprocess.run(
        list(map(str, argv)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def original(user: User, base: Any) -> Path:
    """An image with all that may get lost; and a device node and a mark of chattr in it."""
    image = user.folder("original") / "original.img"
    recipe = user.checkout / RECIPES / "to_remaster.py"
    done = user.build(recipe, "--tarball", base.tarball, "--output", image)
    assert done.returncode == 0, done.stdout
    place = f"{image}?offset={partitions(image)[ROOT]['start'] * 512}"
    for command in ("mknod node c 1 3", "sif /root/list flags 0x80010"):
        tool("debugfs", "-w", "-R", command, place)
    return image


@pytest.fixture(scope="module")
def remastered(original: Path, user: User, root_user: User) -> dict[str, Path]:
    """The image of an ordinary user, and of root."""
    original.chmod(0o644)
    built = {}
    for someone in (user, root_user):
        image = someone.folder("remastered") / "remastered.img"
        words = ("--image", original, "--root-number", str(ROOT), "--grows", "--compare")
        recipe = someone.checkout / RECIPES / "remastered.py"
        done = someone.build(recipe, *words, "--output", image)
        assert done.returncode == 0, done.stdout
        built[someone.name] = image
    return {"user": built.pop(user.name), "root": built[root_user.name]}


def partitions(image: Path) -> dict[int, dict[str, Any]]:
    tool("sfdisk", "--verify", image)
    table = json.loads(tool("sfdisk", "--json", image))["partitiontable"]
    found = {int(p["node"].rpartition(".img")[2]): p for p in table["partitions"]}
    return {0: {"id": table["id"]}, **found}


def test_bytes_are_the_same_whoever_builds(remastered: dict[str, Path]) -> None:
    assert filecmp.cmp(remastered["user"], remastered["root"], shallow=False)


def test_the_table_is_the_one_that_was(original: Path, remastered: dict[str, Path]) -> None:
    """The last partition has another size: that of its content."""
    old, new = partitions(original), partitions(remastered["user"])
    assert new[ROOT].pop("size") < old[ROOT].pop("size")
    for place in (old, new):
        for number in (CODE, ESP, SWAP, ROOT):
            place[number].pop("node")
    assert new == old


def test_what_no_step_takes_is_copied(original: Path, remastered: dict[str, Path]) -> None:
    places = partitions(original)
    end = places[ESP]["start"] * 512
    with original.open("rb") as old, remastered["user"].open("rb") as new:
        before, after = old.read(end), new.read(end)
        for text in (b"boot code", b"before partitions", b"core image"):
            assert text in before
        for start, stop in ((0, 440), (32 * 1024, end)):  # between is the table
            assert after[start:stop].rstrip(b"\0") == before[start:stop].rstrip(b"\0")
        start, size = (places[SWAP][name] * 512 for name in ("start", "size"))
        old.seek(start)
        new.seek(start)
        assert old.read(size) == new.read(size)


def test_filesystems_are_whole(original: Path, remastered: dict[str, Path], tmp_path: Path) -> None:
    """Nothing is wrong with them; and an ESP with the same files has the same bytes."""
    both = []
    for number, image in enumerate((original, remastered["user"])):
        for partition, name in ((ESP, "fat"), (ROOT, "ext")):
            place = partitions(image)[partition]
            target = tmp_path / f"{name}{number}"
            with image.open("rb") as source, target.open("wb") as part:
                source.seek(place["start"] * 512)
                for _ in range(place["size"] * 512 // MIB):
                    part.write(source.read(MIB))
        both.append(settings(tmp_path / f"ext{number}"))
    tool("e2fsck", "-fn", tmp_path / "ext1")
    tool("fsck.vfat", "-n", tmp_path / "fat1")
    assert filecmp.cmp(tmp_path / "fat0", tmp_path / "fat1", shallow=False)
    old, new = both
    assert old == new
    assert "made from an image" in ask(tmp_path / "ext1", "cat /etc/motd")
    capability = "ea_get /srv/new/capable security.capability"
    assert ask(tmp_path / "ext1", capability) == ask(tmp_path / "ext0", capability) != ""
    assert "Type: character" in ask(tmp_path / "ext0", "stat /node")
    assert "not found" in ask(tmp_path / "ext1", "stat /node")


def settings(part: Path) -> dict[str, str]:
    lines = (line.partition(":") for line in tool("dumpe2fs", "-h", part).splitlines())
    found = {name: value.strip() for name, _, value in lines}
    names = ("Filesystem UUID", "Filesystem volume name", "Filesystem features", "Inode size")
    return {name: found[name] for name in (*names, "Block size")}


def ask(part: Path, request: str) -> str:
    return tool("debugfs", "-R", request, part).partition("\n")[2]


def test_an_image_that_was_not_shut_down_is_refused(original: Path, user: User) -> None:
    copy = user.folder("unclean") / "copy.img"
    tool("cp", "--sparse=always", original, copy)
    place = f"{copy}?offset={partitions(copy)[ROOT]['start'] * 512}"
    tool("debugfs", "-w", "-R", "feature needs_recovery", place)
    recipe = user.checkout / RECIPES / "remastered.py"
    words = ("--image", copy, "--root-number", str(ROOT))
    done = user.build(recipe, *words, "--output", copy.with_name("out.img"))
    assert done.returncode == 3, done.stdout
    assert "its system was not shut down" in done.stdout
    assert "start the image once and power it off" in done.stdout


def test_the_image_that_is_read_is_not_replaced(original: Path, user: User) -> None:
    recipe = user.checkout / RECIPES / "remastered.py"
    words = ("--image", original, "--root-number", str(ROOT))
    before = original.stat()
    done = user.build(recipe, *words, "--output", original)
    assert done.returncode == 2, done.stdout
    assert "is read here, and the image would replace it" in done.stdout
    assert original.stat().st_mtime_ns == before.st_mtime_ns
