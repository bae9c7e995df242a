from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a recipe adds to the places of modules ends with the test."""
    monkeypatch.setattr(sys, "path", list(sys.path))


Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a recipe that has all of vmdsl's names; returns its path."""

    def write_recipe(text: str) -> Path:
        path = tmp_path / "recipe.py"
        path.write_text("from vmdsl import *\n" + textwrap.dedent(text), encoding="utf-8")
        return path

    return write_recipe
