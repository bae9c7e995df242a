"""A tree with all that filesystems get wrong, and a way to look at what became of it."""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from layouts import Built, build_layouts
from sharing import Run
from users import User
from vmdsl.builder.filesystems.target import Target

MIB = 2**20
NASTY = Path(__file__).parent / "nasty.py"


@pytest.fixture(scope="session")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes the tree for a kind of filesystem, once; that takes root."""

    @functools.cache
    def make(kind: str) -> Path:
        folder = tmp_path_factory.mktemp(kind)
        subprocess.run(["python3", NASTY, folder, kind], check=True)
        return folder

    return make


@pytest.fixture
def cut() -> Callable[[Target, Path], Path]:
    """Copies a filesystem to a file of its own, which has the same holes."""

    def copy(target: Target, part: Path) -> Path:
        end = target.offset + target.size
        with part.open("wb") as file:
            file.truncate(target.size)
            place = target.offset
            while (start := next_data(target.image, place, end)) < end:
                place = min(os.lseek(target.image, start, os.SEEK_HOLE), end)
                file.seek(start - target.offset)
                for at in range(start, place, MIB):
                    file.write(os.pread(target.image, min(MIB, place - at), at))
        return part

    return copy


@pytest.fixture(scope="session", params=[4, pytest.param(1, marks=pytest.mark.long)])
def layouts(run: Run, user: User, request: pytest.FixtureRequest) -> dict[str, Built]:
    """The disks of layouts.py, by name: some of them, and all."""
    return build_layouts(run, user, every=request.param)


def next_data(file: int, place: int, end: int) -> int:
    try:
        return min(os.lseek(file, place, os.SEEK_DATA), end)
    except OSError:  # nothing but a hole is left
        return end
