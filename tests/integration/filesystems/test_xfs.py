"""XFS as vmdsl fills it, looked at by xfs_repair and by a reader that is none of its kind."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dissect.xfs.xfs import XFS

from vmdsl import mkxfs
from vmdsl.builder.filesystems.target import Target
from vmdsl.builder.filesystems.xfs import make_xfs
from vmdsl.errors import BuildError
from vmdsl.language.handles import Filesystem, Partition

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(os.geteuid() != 0, reason="its files have many owners"),
]

MIB = 2**20
VARIANTS: dict[str, tuple[int, tuple[str, ...]]] = {
    "default": (300, ()),
    "large": (50_000, ()),
    "old": (400, ("-m", "bigtime=0,finobt=0,reflink=0,inobtcount=0", "-i", "sparse=0")),
    "large inodes": (400, ("-i", "size=2048")),
}
Cut = Callable[[Target, Path], Path]
Nasty = Callable[[str], Path]
Make = Callable[[Callable[[Partition], Filesystem], int], Target]


def repair(part: Path) -> None:
    done = subprocess.run(["xfs_repair", "-n", part], capture_output=True, text=True, check=False)
    complaints = [
        line
        for line in (done.stdout + done.stderr).splitlines()
        if not line.lstrip().startswith(("-", "Phase", "No modify"))
        and "geometry" not in line
        and "Repair may fail" not in line
        and "the image and the host" not in line
    ]
    assert (done.returncode, complaints) == (0, [])


def said(inode: Any, path: str) -> dict[str, Any]:
    """What the reader finds of a file."""
    core, mode = inode.inode, inode.inode.di_mode
    return {
        "mode": f"{mode:o}",
        "owner": (core.di_uid, core.di_gid),
        "links": core.di_nlink,
        "mtime": inode.mtime_ns,
        "others": {inode.atime_ns, inode.ctime_ns, inode.crtime_ns},
        "content": inode.link
        if stat.S_ISLNK(mode)
        else hashlib.sha256(inode.open().read()).hexdigest()
        if stat.S_ISREG(mode)
        else path,
    }


def wanted(path: Path) -> dict[str, Any]:
    about = path.lstat()
    mode = about.st_mode
    return {
        "mode": f"{mode:o}",
        "owner": (about.st_uid, about.st_gid),
        "links": about.st_nlink,
        "mtime": about.st_mtime_ns,
        "others": {0},  # the epoch of target_of
        "content": os.readlink(path)  # noqa: PTH115 (a Path would be another text)
        if stat.S_ISLNK(mode)
        else hashlib.sha256(path.read_bytes()).hexdigest()
        if stat.S_ISREG(mode)
        else str(path),
    }


def compare(inode: Any, path: Path) -> int:
    """All of a directory is as it was; how many files that is."""
    assert said(inode, str(path)) == wanted(path), path
    if not stat.S_ISDIR(path.lstat().st_mode):
        return 1
    found = {name: entry for name, entry in inode.listdir().items() if name not in {".", ".."}}
    assert set(found) == {entry.name for entry in path.iterdir()}
    return 1 + sum(compare(entry, path / name) for name, entry in found.items())


@pytest.mark.parametrize("variant", VARIANTS)
def test_all_of_a_tree_is_there(
    target_of: Make, nasty: Nasty, tmp_path: Path, cut: Cut, variant: str
) -> None:
    size, options = VARIANTS[variant]
    target = target_of(lambda partition: mkxfs(partition, options=options), size * MIB)
    make_xfs(target, nasty("xfs"))
    part = cut(target, tmp_path / "part")
    repair(part)
    with part.open("rb") as stream:
        assert compare(XFS(stream).get("/"), nasty("xfs")) > 3000


def test_many_inodes_and_a_folder_of_all(target_of: Make, tmp_path: Path, cut: Cut) -> None:
    """So many that the trees of inodes, and of names, have several levels."""
    content = tmp_path / "content"
    for i in range(4):
        folder = content / str(i)
        folder.mkdir(parents=True)
        for j in range(20_000 if i == 0 else 3000):
            (folder / f"a name that is not too short {j}").touch()
    target = target_of(mkxfs, 300 * MIB)
    make_xfs(target, content)
    repair(cut(target, tmp_path / "part"))


def test_until_it_is_full(target_of: Make, tmp_path: Path, cut: Cut) -> None:
    content = tmp_path / "content"
    content.mkdir()
    (content / "large").write_bytes(b"x" * 210 * MIB)
    target = target_of(mkxfs, 300 * MIB)
    room = make_xfs(target, content)
    repair(cut(target, tmp_path / "part"))
    (content / "more").write_bytes(b"x" * (room.free + 4096))
    with pytest.raises(BuildError, match="its content does not fit into xfs of 300 MiB"):
        make_xfs(target_of(mkxfs, 300 * MIB), content)


def test_what_xfs_cannot_hold_is_named(target_of: Make, tmp_path: Path) -> None:
    content = tmp_path / "content"
    (content / "a").mkdir(parents=True)
    (content / "a/link").symlink_to("x" * 1025)
    with pytest.raises(BuildError, match="/a/link: XFS holds symlinks of 1024 bytes"):
        make_xfs(target_of(mkxfs, 300 * MIB), content)


def test_what_cannot_be_filled_is_named(target_of: Make) -> None:
    target = target_of(lambda partition: mkxfs(partition, options=("-m", "rmapbt=1")), 300 * MIB)
    with pytest.raises(BuildError, match="features that vmdsl cannot fill"):
        make_xfs(target, None)
