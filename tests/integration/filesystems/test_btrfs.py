"""Btrfs as mkfs.btrfs makes it and vmdsl corrects it, looked at by btrfs's own tools.

What `btrfs restore` does not restore, hard links and attributes of directories, is looked at in
the machine that test_images.py boots.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vmdsl import mkbtrfs
from vmdsl.builder.filesystems.btrfs import KIND
from vmdsl.builder.filesystems.contents import read
from vmdsl.builder.filesystems.room import room_of_empty
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


@pytest.mark.parametrize("options", [(), ("--csum", "sha256", "--metadata", "single")])
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


def test_what_does_not_fit_is_said_to(target_of: Make, tmp_path: Path) -> None:
    content = tmp_path / "content"
    content.mkdir()
    (content / "large").write_bytes(os.urandom(128 * MIB))
    with pytest.raises(BuildError, match="its content does not fit into btrfs of 128 MiB"):
        KIND.make(target_of(mkbtrfs, 128 * MIB), content)


def test_what_would_be_lost_is_named(target_of: Make, tmp_path: Path) -> None:
    content = tmp_path / "content"
    (content / "dev").mkdir(parents=True)
    os.mknod(content / "dev/loop", 0o600 | 0o060000, os.makedev(7, 0))
    with pytest.raises(BuildError, match="cannot make /dev/loop, which is a device"):
        KIND.make(target_of(mkbtrfs, 128 * MIB), content)
    (content / "dev/loop").unlink()
    os.setxattr(content, "user.a", b"b")
    with pytest.raises(BuildError, match=r"its top directory the attribute user\.a"):
        KIND.make(target_of(mkbtrfs, 128 * MIB), content)
