"""What of a file is allocated in the filesystems that are made, by their own tools."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from dissect.xfs.xfs import XFS

from vmdsl import mkext2, mkext3, mkext4, mkxfs
from vmdsl.builder.assemble import kind_of
from vmdsl.builder.filesystems.contents import read
from vmdsl.builder.filesystems.target import Target
from vmdsl.language.handles import Filesystem, Partition

pytestmark = pytest.mark.integration

MIB = 2**20
BLOCK = 4096
Make = Callable[[Callable[[Partition], Filesystem], int], Target]
#: Each file's size, where it is reserved, and where something, or zeros, is written.
FILES: dict[str, tuple[int, list[tuple[int, int]], list[tuple[int, bytes]]]] = {
    "reserved": (8 * MIB, [(0, 8 * MIB)], []),
    "zeros": (3 * MIB + 1, [], [(0, bytes(3 * MIB + 1))]),
    "hole": (5 * MIB, [], []),
    "with space/mixed": (
        9 * MIB + 5,
        [(6 * MIB, MIB)],
        [(0, b"x" * BLOCK), (BLOCK, bytes(5 * BLOCK)), (4 * MIB, b"data"), (5 * MIB, bytes(9))],
    ),
    "many\nparts": (
        8 * MIB,
        [],
        [(at, (b"x" if at % (2**17) else b"\0") * BLOCK) for at in range(0, 8 * MIB, 2**16)],
    ),
    "dense": (2 * MIB, [], [(0, b"d" * MIB + bytes(BLOCK) + b"d" * (MIB - BLOCK))]),
}


@pytest.fixture
def content(tmp_path: Path) -> Path:
    top = tmp_path / "content"
    (top / "with space").mkdir(parents=True)
    for name, (size, reserved, written) in FILES.items():
        with (top / name).open("wb", buffering=0) as file:
            file.truncate(size)
            for at, data in written:
                os.pwrite(file.fileno(), data, at)
            for at, count in reserved:
                os.posix_fallocate(file.fileno(), at, count)
    return top


def expected(name: str) -> set[int]:
    """The blocks of a file that are allocated."""
    _, reserved, written = FILES[name]
    parts = [*reserved, *((at, len(data)) for at, data in written)]
    return {n for at, count in parts for n in range(at // BLOCK, -(-(at + count) // BLOCK))}


def part_of(target: Target, part: Path) -> Path:
    subprocess.run(
        [
            *("dd", f"if=/proc/self/fd/{target.image}", f"of={part}", "bs=1M", "conv=sparse"),
            *("iflag=skip_bytes", f"skip={target.offset}", "status=none"),
        ],
        pass_fds=[target.image],
        check=True,
    )
    os.truncate(part, target.size)
    return part


def output(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("format_", [mkext4, mkext3, mkext2])
def test_ext(
    target_of: Make, tmp_path: Path, content: Path, format_: Callable[..., Filesystem]
) -> None:
    target = target_of(format_, 64 * MIB)
    kind = kind_of(target.filesystem.filesystem)
    kind.make(target, content)
    part = part_of(target, tmp_path / "part")
    output("e2fsck", "-fn", part)
    for name in FILES:
        if "\n" in name:  # which debugfs takes for two commands
            continue
        said = (
            output("debugfs", "-R", f'stat "{name}"', part).partition("EXTENTS:")[2]
            or output("debugfs", "-R", f'stat "{name}"', part).partition("BLOCKS:")[2]
        )
        found = {
            number
            for first, last in re.findall(r"\((\d+)(?:-(\d+))?(?:\[u\])?\):", said)
            for number in range(int(first), int(last or first) + 1)
        }
        assert (name, found) == (name, expected(name))


def test_xfs(target_of: Make, tmp_path: Path, content: Path) -> None:
    target = target_of(mkxfs, 300 * MIB)
    kind = kind_of(target.filesystem.filesystem)
    kind.make(target, content)
    part = part_of(target, tmp_path / "part")
    output("xfs_repair", "-n", part)
    with part.open("rb") as file:
        filesystem = XFS(file)
        for name in FILES:
            inode = filesystem.get(name)
            said = output("xfs_db", "-r", "-c", f"inode {inode.inum}", "-c", "bmap", part)
            found = {
                number
                for first, count in re.findall(r"data offset (\d+) startblock .* count (\d+)", said)
                for number in range(int(first), int(first) + int(count))
            }
            assert (name, found) == (name, expected(name))
            assert inode.open().read() == (content / name).read_bytes()


def test_the_need_counts_what_is_allocated(content: Path) -> None:
    files = {file.names[0]: file for file in read(content) if file.is_regular}
    assert {name: file.blocks(BLOCK) for name, file in files.items()} == {
        name: len(expected(name)) for name in FILES
    }
