"""Who holds an entry of the cache, and what others get meanwhile."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Thread

import pytest

from vmdsl.builder.cache.locks import hold, locked, take_out


@pytest.fixture(params=["file", "folder"])
def entry(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / "entry"
    if request.param == "folder":
        path.mkdir()
    else:
        path.touch()
    return path


def test_one_holds_it_or_several_share_it(entry: Path) -> None:
    first = hold(entry)
    assert first is not None
    assert hold(entry) is None
    assert hold(entry, shared=True) is None
    os.close(first)
    with locked(entry, shared=True) as free, locked(entry, shared=True) as free_too:
        assert (free, free_too) == (True, True)
        assert hold(entry) is None
    with locked(entry) as free:
        assert free


def test_what_is_missing_cannot_be_held(tmp_path: Path) -> None:
    assert hold(tmp_path / "missing") is None
    with locked(tmp_path / "missing", wait=True) as free:
        assert not free


def test_what_is_held_stays(entry: Path, tmp_path: Path) -> None:
    with locked(entry, shared=True):
        assert not take_out(entry, tmp_path / "trash")
    assert take_out(entry, tmp_path / "trash")
    assert not entry.exists()
    assert not take_out(entry, tmp_path / "trash")


def test_who_waits_does_not_get_what_was_removed_meanwhile(entry: Path, tmp_path: Path) -> None:
    found: list[int | None] = []
    waiting = Thread(target=lambda: found.append(hold(entry, wait=True)))
    with locked(entry):
        waiting.start()
        entry.rename(tmp_path / "elsewhere")
    waiting.join()
    assert found == [None]
