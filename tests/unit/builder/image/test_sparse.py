"""Copying data without its holes."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from vmdsl.builder.image.sparse import copy_data, pieces

MIB = 2**20


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    with path.open("wb") as file:
        for place in (0, 3 * MIB, 7 * MIB - 5):
            file.seek(place)
            file.write(os.urandom(3 * MIB // 2))
        file.truncate(20 * MIB)
    return path


def copied(source: Path, target: Path, size: int) -> bytes:
    """What is at an offset of a new file after copying; its position must not matter, or change."""
    with source.open("rb") as a, target.open("w+b", buffering=0) as b:
        b.truncate(40 * MIB)
        b.seek(123)
        copy_data(a.fileno(), b.fileno(), size=size, offset=10 * MIB)
        assert b.tell() == 123
        content = target.read_bytes()
    assert not content[: 10 * MIB].strip(b"\0")
    assert not content[10 * MIB + size :].strip(b"\0")
    return content[10 * MIB : 10 * MIB + size]


@pytest.mark.parametrize("error", [None, errno.EXDEV, errno.EINVAL])
@pytest.mark.parametrize("size", [20 * MIB, 8 * MIB, 4 * MIB + 1, 0])
def test_data_comes_through_and_holes_stay(
    source: Path, tmp_path: Path, size: int, error: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> int:
        assert error
        raise OSError(error, "by hand")

    if error:
        monkeypatch.setattr(os, "copy_file_range", refused)
    assert copied(source, tmp_path / "target", size) == source.read_bytes()[:size]
    assert (tmp_path / "target").stat().st_blocks * 512 < 6 * MIB


def test_other_errors_are_told(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "copy_file_range", full)
    with pytest.raises(OSError, match="full"):
        copied(source, tmp_path / "target", MIB)


@pytest.mark.parametrize("start", [0, 1, MIB, 5 * MIB - 7])
@pytest.mark.parametrize("size", [4096, 65536, 3 * MIB])
def test_pieces_are_what_is_not_zeros(source: Path, start: int, size: int) -> None:
    end = 15 * MIB + 3
    content = source.read_bytes()
    wanted = [
        (at, piece)
        for at in range(start, end, size)
        if (piece := content[at : min(at + size, end)]).strip(b"\0")
    ]
    with source.open("rb") as file:
        assert list(pieces(file.fileno(), start, end, size)) == wanted
    source.write_bytes(content)  # zeros where there were holes make no difference
    with source.open("rb") as file:
        assert list(pieces(file.fileno(), start, end, size)) == wanted
