"""What of a file is allocated: what was written, zeros too, and what was reserved."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vmdsl.builder.image import allocation
from vmdsl.builder.image.allocation import (
    allocated,
    copy_content,
    restore_holes,
    rounded,
    write_what_is_reserved,
)
from vmdsl.builder.image.sparse import data

KIB = 1024
MIB = 2**20


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """Makes a file of a size, with bytes at some places and space reserved at others."""

    def make(size: int, written: dict[int, bytes], reserved: dict[int, int]) -> Path:
        path = tmp_path / "file"
        with path.open("wb", buffering=0) as file:
            file.truncate(size)
            for at, content in written.items():
                os.pwrite(file.fileno(), content, at)
            for at, count in reserved.items():
                os.posix_fallocate(file.fileno(), at, count)
        return path

    return make


def parts_of(path: Path) -> list[tuple[int, int]]:
    with path.open("rb") as file:
        return allocated(file.fileno())


def needs_extents(path: Path) -> None:
    with path.open("rb") as file:
        try:
            fcntl.ioctl(file, 0xC020660B, bytearray(4096))
        except OSError as error:
            if error.errno in (errno.EOPNOTSUPP, errno.ENOTTY):
                pytest.skip("this filesystem does not show extents")


def test_parts_are_of_whole_blocks_and_touching_ones_become_one() -> None:
    parts = [(5000, 5001), (0, 1), (8192, 8193), (40_000, 41_000)]
    assert rounded(parts, 4096, 41_000) == [(0, 12288), (36864, 41_000)]
    assert rounded([], 4096, 0) == []


def test_zeros_are_allocated_and_holes_are_not(make: Callable[..., Path]) -> None:
    path = make(MIB, {8192: bytes(4096), 500_000: b"x"}, {})
    assert parts_of(path) == [(8192, 12288), (499_712, 503_808)]


def test_what_is_reserved_is_allocated(make: Callable[..., Path]) -> None:
    path = make(MIB, {}, {0: MIB})
    assert parts_of(path) == [(0, MIB)]


def test_between_what_is_reserved_are_holes(make: Callable[..., Path]) -> None:
    path = make(MIB, {512 * KIB: b"x"}, {64 * KIB: 64 * KIB, 900 * KIB: MIB})
    needs_extents(path)
    assert parts_of(path)[:2] == [(64 * KIB, 128 * KIB), (512 * KIB, 516 * KIB)]
    assert parts_of(path)[2][0] == 900 * KIB
    assert path.stat().st_size == 900 * KIB + MIB


def test_what_is_reserved_becomes_zeros(make: Callable[..., Path]) -> None:
    path = make(MIB, {128 * KIB: b"content" * 1000}, {0: 512 * KIB})
    needs_extents(path)
    path.chmod(0o640)
    os.utime(path, (5, 5))
    before = path.read_bytes()
    write_what_is_reserved(str(path))
    with path.open("rb") as file:
        assert list(data(file.fileno(), 0, MIB)) == [(0, 512 * KIB)]
    assert path.read_bytes() == before
    assert (path.stat().st_mtime, path.stat().st_mode & 0o777) == (5, 0o640)


def test_a_copy_has_the_same_holes_and_no_others(make: Callable[..., Path], tmp_path: Path) -> None:
    path = make(3 * MIB + 5, {4096: bytes(4096), MIB: b"x" * 5000}, {2 * MIB: 64 * KIB})
    needs_extents(path)
    copy = tmp_path / "copy"
    with path.open("rb") as source, copy.open("w+b") as target:
        copy_content(source.fileno(), target.fileno())
    assert parts_of(copy) == parts_of(path)
    assert copy.read_bytes() == path.read_bytes()


def test_a_file_of_the_kernel_is_copied_to_its_end(tmp_path: Path) -> None:
    with Path("/proc/version").open("rb") as source, (tmp_path / "copy").open("w+b") as target:
        copy_content(source.fileno(), target.fileno())
    assert (tmp_path / "copy").read_bytes() == Path("/proc/version").read_bytes()


def test_without_extents_a_file_without_holes_is_allocated(
    make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on tmpfs."""

    def refuse(*_: Any) -> None:
        raise OSError(errno.EOPNOTSUPP, "no")

    whole = make(MIB, {}, {0: MIB})
    monkeypatch.setattr(fcntl, "ioctl", refuse)
    assert parts_of(whole) == [(0, MIB)]
    holes = make(MIB, {8192: b"x"}, {})
    assert parts_of(holes) == [(8192, 12288)]


def test_what_xfs_reserves_by_itself_is_a_hole(
    make: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(MIB, {}, {0: MIB})
    needs_extents(path)
    monkeypatch.setattr(allocation, "_reserves_by_itself", lambda _: True)
    assert parts_of(path) == []


def test_holes_that_overlayfs_has_filled_are_holes_again(
    make: Callable[..., Path], tmp_path: Path
) -> None:
    """It copies a MiB from where data starts; a script has then reserved and written something."""
    before = make(8 * MIB, {5 * MIB + 4096: b"x", 5 * MIB + 64 * KIB: bytes(8192)}, {})
    needs_extents(before)
    copy = tmp_path / "copy"
    with copy.open("wb", buffering=0) as file:
        file.truncate(8 * MIB)
        os.pwrite(file.fileno(), before.read_bytes()[5 * MIB + 4096 :][:MIB], 5 * MIB + 4096)
        os.posix_fallocate(file.fileno(), 2 * MIB, 64 * KIB)
        os.pwrite(file.fileno(), b"y", 5 * MIB + 512 * KIB)
        os.pwrite(file.fileno(), bytes(4096), 7 * MIB)
    content = copy.read_bytes()
    os.utime(copy, (5, 5))
    restore_holes(str(copy), str(before))
    written = [2 * MIB, 5 * MIB + 4096, 5 * MIB + 64 * KIB, 5 * MIB + 512 * KIB, 7 * MIB]
    assert [start for start, _ in parts_of(copy)] == written
    assert [end - start for start, end in parts_of(copy)] == [65536, 4096, 8192, 4096, 4096]
    assert copy.read_bytes() == content
    assert copy.stat().st_mtime == 5


def test_a_copy_of_a_file_without_holes_is_left_alone(
    make: Callable[..., Path], tmp_path: Path
) -> None:
    before = make(MIB, {0: bytes(MIB)}, {})
    copy = tmp_path / "copy"
    copy.write_bytes(bytes(MIB))
    restore_holes(str(copy), str(before))
    assert parts_of(copy) == [(0, MIB)]
