"""Every file of tests is collected when pytest is given no arguments."""

from __future__ import annotations

from pathlib import Path

import pytest

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
