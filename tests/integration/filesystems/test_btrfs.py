"""Btrfs as mkfs.btrfs makes it and vmdsl corrects it, looked at by btrfs's own tools.

What `btrfs restore` does not restore, hard links and attributes of directories, is looked at in
the machine that test_images.py boots.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vmdsl import mkbtrfs, mount, subvolume
from vmdsl.builder.filesystems.btrfs import KIND
from vmdsl.builder.filesystems.contents import read
from vmdsl.builder.filesystems.room import least_size, room_of_empty
from vmdsl.builder.filesystems.target import Target
from vmdsl.errors import BuildError
from vmdsl.language.handles import Filesystem, Partition

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(os.geteuid() != 0, reason="its files have many owners"),
]

MIB = 2**20
HERE = Path(__file__).parent
Cut = Callable[[Target, Path], Path]
Nasty = Callable[[str], Path]
Make = Callable[[Callable[[Partition], Filesystem], int], Target]


def listed(top: Path) -> dict[str, dict[str, Any]]:
    """What is in a directory, but for what `btrfs restore` leaves out."""
    done = subprocess.run(
        ["python3", HERE / "listing.py", top], check=True, capture_output=True, text=True
    )
    files = [json.loads(line) for line in done.stdout.splitlines()]
    for file in files:
        file["links"] = 0
        if file["mode"].startswith("4"):
            file["attributes"] = {}
    return {file["path"]: file for file in files if file["path"] not in {"fifo", "socket"}}


def check(part: Path) -> None:
    done = subprocess.run(["btrfs", "check", part], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no error found" in done.stdout


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--csum", "sha256", "--metadata", "single", "-O", "^no-holes", "-R", "^free-space-tree"),
        ("--mixed",),
        ("--data", "dup"),
    ],
)
def test_all_of_a_tree_is_there(
    target_of: Make, nasty: Nasty, tmp_path: Path, cut: Cut, options: tuple[str, ...]
) -> None:
    target = target_of(lambda partition: mkbtrfs(partition, options=options), 300 * MIB)
    empty = room_of_empty(KIND, target, target.size)
    room = KIND.make(target, nasty("btrfs"))
    assert 0 < KIND.need(read(nasty("btrfs")), empty).bytes <= empty.free - room.free
    part = cut(target, tmp_path / "part")
    check(part)
    restored = tmp_path / "restored"
    restored.mkdir()
    subprocess.run(["btrfs", "restore", "-xmS", part, restored], check=True, capture_output=True)
    wanted, found = listed(nasty("btrfs")), listed(restored)
    assert found.keys() == wanted.keys()
    for path, file in wanted.items():
        assert found[path] == file


def test_a_link_from_elsewhere_does_not_count(target_of: Make, tmp_path: Path, cut: Cut) -> None:
    content = tmp_path / "content"
    content.mkdir()
    (tmp_path / "outside").write_text("x")
    for i in range(400):
        (content / f"{'n' * 200}{i}").hardlink_to(tmp_path / "outside")
    target = target_of(mkbtrfs, 128 * MIB)
    KIND.make(target, content)
    check(cut(target, tmp_path / "part"))


@pytest.mark.parametrize("free", [0, 100 * MIB])
def test_the_smallest_size_suffices(
    target_of: Make, nasty: Nasty, tmp_path: Path, cut: Cut, free: int
) -> None:
    """Or all but suffices for the free space; then it is made again, with as much more."""
    target = target_of(mkbtrfs, 400 * MIB)
    size = least_size(KIND, target, nasty("btrfs"), free=free)
    assert size < 100 * MIB + free + 60 * MIB
    target = target_of(mkbtrfs, size)
    room = KIND.make(target, nasty("btrfs"))
    assert room.available > free - 8 * MIB
    check(cut(target, tmp_path / "part"))


def test_what_does_not_fit_is_said_to(target_of: Make, tmp_path: Path) -> None:
    content = tmp_path / "content"
    content.mkdir()
    (content / "large").write_bytes(os.urandom(128 * MIB))
    with pytest.raises(BuildError, match="its content does not fit into btrfs of 128 MiB"):
        KIND.make(target_of(mkbtrfs, 128 * MIB), content)


def test_devices_are_there(target_of: Make, tmp_path: Path, cut: Cut) -> None:
    content = tmp_path / "content"
    (content / "dev").mkdir(parents=True)
    os.mknod(content / "dev/loop", 0o600 | 0o060000, os.makedev(7, 300))
    target = target_of(mkbtrfs, 128 * MIB)
    KIND.make(target, content)
    part = cut(target, tmp_path / "part")
    check(part)
    assert "mode 60600" in dumped(part)
    assert "rdev 7340332" in dumped(part)


def with_subvolumes(partition: Partition) -> Filesystem:
    """A top level with two subvolumes, of which one holds another that is not mounted."""
    made = mkbtrfs(partition)
    root = mount(subvolume(made, "@", default=True), options=("compress=zstd:1",))
    subvolume(root.source, "var/log")
    subvolume(root.source, "snapshots")
    mount(subvolume(made, "deep/@home"), "/home", on=root)
    return made


def test_subvolumes_hold_what_is_mounted_of_them(
    target_of: Make, nasty: Nasty, tmp_path: Path, cut: Cut
) -> None:
    views = tmp_path / "views"
    shutil.copytree(nasty("btrfs"), views / "4", symlinks=True, ignore=no_special_files)
    (views / "1/var/log").mkdir(parents=True)
    (views / "1/var/log/lines").write_bytes(b"line" * 10**6)
    (views / "1/file").hardlink_to(views / "1/var/log/lines")
    (views / "1/var/log/random").write_bytes(os.urandom(10**6))
    parts = []
    for number in (1, 2):
        target = target_of(with_subvolumes, 256 * MIB)
        room = KIND.make(target, views)
        need = KIND.need(read(views / "1"), room).bytes
        assert 10**6 < need < 10**6 + 2**18
        parts.append(cut(target, tmp_path / f"part{number}"))
    check(parts[0])
    subprocess.run(["cmp", *parts], check=True)
    lines = dumped(parts[0]).splitlines()
    names = ("@", "var/log", "snapshots", "@home")
    refs = [line for line in lines if "ROOT_REF" in line]
    assert [line.split("(")[1].split(")")[0] for line in refs] == [
        "FS_TREE ROOT_REF 256",
        "FS_TREE ROOT_REF 259",
        "256 ROOT_REF 257",
        "256 ROOT_REF 258",
    ]
    found = [line.split("name ")[-1] for line in lines if "root ref key dirid" in line]
    assert sorted({*found}) == sorted(name.rpartition("/")[2] for name in names)
    default = lines.index(next(line for line in lines if "name: default" in line)) - 2
    assert "location key (256 ROOT_ITEM" in lines[default]
    restored = tmp_path / "restored"
    restored.mkdir()
    subprocess.run(["btrfs", "restore", "-sx", parts[0], restored], check=True, capture_output=True)
    assert (restored / "@/var/log/lines").read_bytes() == b"line" * 10**6
    assert (restored / "@/file").stat().st_nlink == 1
    subprocess.run(["cmp", views / "1/var/log/random", restored / "@/var/log/random"], check=True)
    subprocess.run(
        ["diff", "-r", "--no-dereference", views / "4/many", restored / "deep/@home/many"],
        check=True,
    )


def no_special_files(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name in {"fifo", "socket"}]


def test_files_in_the_place_of_a_mounted_subvolume_are_reported(
    target_of: Make, tmp_path: Path
) -> None:
    (tmp_path / "views/0/deep/@home/someone").mkdir(parents=True)
    (tmp_path / "views/4").mkdir()
    with pytest.raises(BuildError, match="is mounted elsewhere than at the files in its place"):
        KIND.make(target_of(with_subvolumes, 128 * MIB), tmp_path / "views")
    (tmp_path / "views/0/deep/@home/someone").rmdir()
    (tmp_path / "views/0/deep/@home").rmdir()
    (tmp_path / "views/0/deep/@home").touch()
    with pytest.raises(BuildError, match="/deep/@home is not a directory"):
        KIND.make(target_of(with_subvolumes, 128 * MIB), tmp_path / "views")


def dumped(part: Path) -> str:
    """All that is in the trees of a filesystem."""
    words = ("btrfs", "inspect-internal", "dump-tree", part)
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout
