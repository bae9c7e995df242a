"""Every file of tests is collected when pytest is given no arguments, and each test runs once."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from xdist.workermanage import WorkerController

from sharing import LongestFirst

REPOSITORY = Path(__file__).parents[2]


class _Seen:
    """A plugin that notes the files that pytest would take tests from, and imports none."""

    def __init__(self) -> None:
        self.files: set[Path] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makemodule(
        self, module_path: Path, parent: pytest.Collector
    ) -> pytest.Collector:
        self.files.add(module_path)
        return _Empty.from_parent(parent, name=module_path.name)


class _Empty(pytest.Collector):
    def collect(self) -> list[pytest.Item]:
        return []


def test_every_file_of_tests_is_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder's name may be one that pytest skips: `build`, `dist`, `venv`."""
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    seen = _Seen()
    done = pytest.main(["--collect-only", "-qq", "-n0", "-p", "no:cacheprovider"], plugins=[seen])
    assert done == pytest.ExitCode.NO_TESTS_COLLECTED
    folders = [path for path in REPOSITORY.iterdir() if not path.name.startswith(".")]
    there = {file for folder in folders for file in folder.rglob("test_*.py")}
    assert there - seen.files == set()
    assert Path(__file__) in seen.files


def test_a_test_that_ends_its_process_is_not_run_again() -> None:
    scheduler, node = object.__new__(LongestFirst), object()
    tests = {"file::a": True, "file::b": False, "file::c": False}
    vars(scheduler).update(assigned_work={node: {"file": tests}}, workqueue={})
    assert scheduler.remove_node(cast("WorkerController", node)) == "file::b"
    assert scheduler.workqueue == {"file": {"file::a": True, "file::b": True, "file::c": False}}
