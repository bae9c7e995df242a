"""The end of a build: what is left of it, and what a system is told that has not booted yet."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vmdsl.operations.systems.leftovers import mark_as_updated


@pytest.fixture
def system(tmp_path: Path) -> Path:
    for folder in ("etc", "var", "usr/lib/systemd"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "usr/lib/systemd/systemd").touch()
    return tmp_path


def test_systemd_has_nothing_to_make_again(system: Path) -> None:
    mark_as_updated(system)
    assert [(system / f"{name}/.updated").read_text() for name in ("etc", "var")] == ["", ""]


def test_what_a_recipe_put_there_stays(system: Path) -> None:
    (system / "etc/passwd").write_text("root")
    (system / "etc/.updated").symlink_to("passwd")
    os.mkfifo(system / "var/.updated")
    mark_as_updated(system)
    assert (system / "etc/passwd").read_text() == "root"
    assert (system / "var/.updated").is_fifo()


def test_a_system_without_some_directories(system: Path) -> None:
    (system / "var").rmdir()
    mark_as_updated(system)
    assert not (system / "var").exists()


def test_other_systems_are_left_alone(system: Path) -> None:
    (system / "usr/lib/systemd/systemd").unlink()
    mark_as_updated(system)
    assert not (system / "etc/.updated").exists()
