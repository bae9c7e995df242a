"""F2FS as its tools make it and vmdsl corrects it, looked at by fsck.f2fs.

All of its files are looked at in the machine that test_images.py boots.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from vmdsl import mkf2fs
from vmdsl.builder.filesystems.contents import read
from vmdsl.builder.filesystems.f2fs import KIND
from vmdsl.builder.filesystems.room import room_of_empty
from vmdsl.builder.filesystems.target import Target
from vmdsl.errors import BuildError
from vmdsl.language.handles import Filesystem, Partition

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(os.geteuid() != 0, reason="its files have many owners"),
]

MIB = 2**20
Cut = Callable[[Target, Path], Path]
Nasty = Callable[[str], Path]
Make = Callable[[Callable[[Partition], Filesystem], int], Target]


def check(part: Path) -> None:
    done = subprocess.run(
        ["fsck.f2fs", "--dry-run", part], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"other corrupted bugs +\[Ok", done.stdout), done.stdout
    assert not re.search(r"Fail|ASSERT|\[FIX\]", done.stdout), done.stdout


def test_a_tree_is_sound_and_the_same_each_time(
    target_of: Make, nasty: Nasty, tmp_path: Path, cut: Cut
) -> None:
    parts = []
    for name in ("first", "second"):
        target = target_of(mkf2fs, 300 * MIB)
        empty = room_of_empty(KIND, target, target.size)
        room = KIND.make(target, nasty("f2fs"))
        assert 0 < KIND.need(read(nasty("f2fs")), empty).bytes <= empty.free - room.free
        parts.append(cut(target, tmp_path / name))
    check(parts[0])
    subprocess.run(["cmp", *parts], check=True)
    kernel = os.uname().release.encode()
    assert kernel not in parts[0].read_bytes()[: 2 * MIB]


def test_what_does_not_fit_is_said_to(target_of: Make, tmp_path: Path) -> None:
    content = tmp_path / "content"
    content.mkdir()
    (content / "large").write_bytes(os.urandom(64 * MIB))
    with pytest.raises(BuildError, match="its content does not fit into f2fs of 64 MiB"):
        KIND.make(target_of(mkf2fs, 64 * MIB), content)


def test_what_would_be_lost_is_named(target_of: Make, tmp_path: Path) -> None:
    content = tmp_path / "content"
    (content / "run").mkdir(parents=True)
    os.mkfifo(content / "run/pipe")
    with pytest.raises(BuildError, match="cannot make /run/pipe, which is a pipe"):
        KIND.make(target_of(mkf2fs, 64 * MIB), content)
    (content / "run/pipe").unlink()
    os.setxattr(content / "run", "user.much", bytes(200))
    with pytest.raises(BuildError, match=r"/run: its extended attributes .user\.much"):
        KIND.make(target_of(mkf2fs, 64 * MIB), content)


def test_what_cannot_be_filled_is_named(target_of: Make) -> None:
    def format_(partition: Partition) -> Filesystem:
        return mkf2fs(partition, options=("-O", "extra_attr,inode_checksum"))

    with pytest.raises(BuildError, match="features that vmdsl cannot fill"):
        KIND.make(target_of(format_, 64 * MIB), None)
