"""Full disks: how they are found, and when one is the reason of an error."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from vmdsl.errors import BuildError, HostError, Problem, Where
from vmdsl.host.full import (
    blamed,
    error_of_disk,
    full_disk,
    full_disks,
    full_meanwhile,
    is_full,
    says_full,
)

NO_SPACE = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/cache/x")
QUOTA = OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
WHERE = Where(Path("recipe.py"), 13)


def test_errors_of_full_disks() -> None:
    assert is_full(NO_SPACE)
    assert is_full(QUOTA)
    assert not is_full(OSError(errno.EIO, "no"))
    assert says_full("dd: error writing: No space left on device")
    assert says_full("Disk quota exceeded")
    assert not says_full("File too large")


def test_a_disk_with_space_is_not_full(tmp_path: Path) -> None:
    assert full_disk(tmp_path / "not/there") is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (NO_SPACE, "there is no space left in {}"),
        (QUOTA, "your quota of the disk of {} is used up"),
    ],
)
def test_a_full_disk_is_found_by_writing_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, what: str
) -> None:
    def refuse(*_: Any) -> None:
        raise error

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    problem = full_disk(tmp_path)
    assert problem is not None
    assert problem.what == what.format(tmp_path)
    (tmp_path / "cache").mkdir()
    assert len(full_disks([tmp_path, tmp_path / "cache"])) == 1


def test_an_error_that_says_so_comes_of_the_disk_and_not_of_the_recipe() -> None:
    disk = Problem(what="there is no space left in /cache", hint="make room")
    said = Problem(
        what="the command failed", hint="dd: No space left on device", where=WHERE, step="last"
    )
    (problem,) = blamed(BuildError(said), [disk])
    assert problem.where is None
    assert problem.what == disk.what
    assert problem.hint == "make room; step last (recipe.py:13) needs it"
    assert blamed(BuildError(said), []) == []
    assert blamed(BuildError(Problem(what="no such file", where=WHERE, step="last")), [disk]) == []


def test_a_disk_that_was_full_for_a_time(tmp_path: Path) -> None:
    """Nobody can know it, so it is said beside the mistake of the step."""
    said = Problem(what="the command failed", hint="dd: No space left on device")
    (problem,) = full_meanwhile(BuildError(said), tmp_path)
    assert problem.what.startswith(f"the disk of {tmp_path} may have been full for a time: it has ")
    assert problem.what.endswith("iB free now")
    assert full_meanwhile(BuildError(Problem(what="no such file")), tmp_path) == []
    assert full_meanwhile(BuildError(), tmp_path) == []


def test_the_error_names_the_file() -> None:
    error = error_of_disk(NO_SPACE, "elsewhere")
    assert isinstance(error, HostError)
    assert error.problems[0].what == "there is no space left in /cache/x"
    assert "elsewhere" in error_of_disk(QUOTA, "elsewhere").problems[0].what
