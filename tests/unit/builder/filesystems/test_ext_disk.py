"""The files of ext that lack blocks, as an inode shows it."""

from __future__ import annotations

import stat
import struct
from pathlib import Path

import pytest

from vmdsl.builder.filesystems.ext_disk import Shape, allocations, paths_of, with_holes

STATS = """\
Inodes per group:         8
Block size:               1024
Inode size:               256
 Group  0: block bitmap at 20, inode bitmap at 22, inode table at 2
           28044 free blocks, 4722 free inodes, 5 used directories, 4722 unused inodes
 Group  1: block bitmap at 21, inode bitmap at 23, inode table at 6
"""
SHAPE = Shape(block=1024, inode=256, per_group=8, tables=(2, 6))
OFFSET = 4096


def inode(size: int, blocks: int, *, mode: int = stat.S_IFREG, flags: int = 0) -> bytearray:
    """An inode that has so many blocks of 1024 bytes."""
    data = bytearray(256)
    struct.pack_into("<HHI", data, 0, mode, 0, size & 0xFFFFFFFF)
    struct.pack_into("<II", data, 28, blocks * 2, flags)
    struct.pack_into("<I", data, 108, size >> 32)
    return data


def has_holes(tmp_path: Path, data: bytearray) -> bool:
    """Put the inode at number 10, the second one of the second group."""
    path = tmp_path / "image"
    with path.open("w+b") as image:
        image.truncate(OFFSET + 20 * 1024)
        image.seek(OFFSET + 6 * 1024 + 256)
        image.write(data)
        image.flush()
        return list(with_holes(image.fileno(), OFFSET, SHAPE, [2, 10])) == [10]


def test_the_numbers_of_a_filesystem() -> None:
    assert Shape.shown(STATS) == SHAPE


@pytest.mark.parametrize(
    ("size", "lists"),
    [
        *((0, 0), (1, 0), (12 * 1024, 0), (13 * 1024, 1), ((12 + 256) * 1024, 1)),
        *(((12 + 256 + 1) * 1024, 3), ((12 + 256 + 512) * 1024, 4)),
        ((12 + 256 + 65536 + 1) * 1024, 1 + 257 + 3),
    ],
)
def test_without_extents_blocks_list_others(tmp_path: Path, size: int, lists: int) -> None:
    whole = -(-size // 1024)
    assert not has_holes(tmp_path, inode(size, whole + lists))
    if size:
        assert has_holes(tmp_path, inode(size, whole + lists - 1))


@pytest.mark.parametrize(("depth", "entries", "lists"), [(0, 3, 0), (1, 2, 2)])
def test_with_extents(tmp_path: Path, depth: int, entries: int, lists: int) -> None:
    for missing in (0, 1):
        data = inode(2**33, 2**23 + lists - missing, flags=0x80000)
        struct.pack_into("<HHHH", data, 40, 0xF30A, entries, 4, depth)
        struct.pack_into("<I", data, 28, (2**23 + lists - missing) * 2)
        assert has_holes(tmp_path, data) == bool(missing)


def test_other_files_have_none(tmp_path: Path) -> None:
    assert not has_holes(tmp_path, inode(2048, 0, mode=stat.S_IFDIR))
    assert not has_holes(tmp_path, inode(100, 0, flags=0x10000000))


def test_paths_that_debugfs_shows() -> None:
    said = "Inode\tPathname\n12\t//d e\n13\t/d e/of two\nlines\n14\t//x\n"
    assert paths_of(said) == {12: "d e", 13: "d e/of two\nlines", 14: "x"}


def test_commands_allocate_what_is_allocated_in_the_tree(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        file.truncate(2**20)
        file.seek(8192)
        file.write(bytes(5000))
    assert allocations(tmp_path, {12: "file"}, 1024) == ["fallocate <12> 8 15"]
    assert allocations(tmp_path, {12: "file"}, 4096) == ["fallocate <12> 2 3"]
