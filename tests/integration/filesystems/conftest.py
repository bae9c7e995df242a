"""A tree with all that filesystems get wrong, and a way to look at what became of it."""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

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
    """Copies a filesystem to a file of its own; zeros become holes."""

    def copy(target: Target, part: Path) -> Path:
        subprocess.run(
            [
                *("dd", f"if={target.path}", f"of={part}", "bs=1M", "conv=sparse", "status=none"),
                *(f"skip={target.offset // MIB}", f"count={target.size // MIB}"),
            ],
            pass_fds=[target.image],
            check=True,
        )
        os.truncate(part, target.size)
        return part

    return copy
