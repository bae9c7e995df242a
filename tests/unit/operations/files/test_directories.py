from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from vmdsl import RootFs, copy_tree, create_directory, create_symlink
from vmdsl.language.operation import Recorder, Refused
from vmdsl.operations.files.directories import CopyTree, excluded, paths_below


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A directory in which a symlink leads out of it, and to itself."""
    (tmp_path / "secret").write_text("")
    source = tmp_path / "source"
    (source / "b/.git").mkdir(parents=True)
    (source / "b/.git/config").write_text("")
    (source / "b/file").write_text("")
    (source / "a").write_text("")
    (source / "out").symlink_to(tmp_path)
    (source / "self").symlink_to(".")
    return tmp_path


def test_all_that_is_below_and_nothing_through_symlinks(full: Path) -> None:
    found = [str(path) for path in paths_below(full, Path("source"))]
    assert found == [
        *("source/a", "source/b", "source/b/.git", "source/b/.git/config", "source/b/file"),
        *("source/out", "source/self"),
    ]


def test_what_is_excluded(full: Path) -> None:
    found = [str(path) for path in paths_below(full, Path("source"), (".git", "s*"))]
    assert found == ["source/a", "source/b", "source/b/file", "source/out"]


def test_absolute_source(full: Path) -> None:
    assert paths_below(Path("/nowhere"), full / "source/b", (".*",)) == (full / "source/b/file",)


def test_missing_source(tmp_path: Path) -> None:
    assert paths_below(tmp_path, Path("source")) == ()


@pytest.mark.parametrize(
    ("name", "pattern", "out"),
    [(".git", ".git", True), ("a.PYC", "*.pyc", False), ("x.pyc", "*.pyc", True), ("g", "", False)],
)
def test_excluded(name: str, pattern: str, *, out: bool) -> None:
    assert excluded(name, (pattern,)) is out


def test_local_files_are_those_beside_the_recipe(
    full: Path, recorder: Recorder, system: RootFs
) -> None:
    recorder.recipe = full / "recipe.py"
    copy_tree(system, "source", "/", exclude=("b", "self"))
    operation = recorder.operations[-1]
    assert isinstance(operation, CopyTree)
    assert operation.path == "/"
    assert operation.local_directories() == (Path("source"),)
    assert operation.local_files() == (Path("source/a"), Path("source/out"))


@pytest.mark.parametrize("umask", [-1, 0o1000])
def test_umask_that_is_refused(recorder: Recorder, system: RootFs, umask: int) -> None:
    with pytest.raises(Refused):
        copy_tree(system, "source", "/srv", umask=umask)
    assert "the umask" in recorder.problems[0].what


def test_places_that_are_refused(recorder: Recorder, system: RootFs) -> None:
    calls: tuple[Callable[[], object], ...] = (
        lambda: create_directory(system, "/"),
        lambda: create_directory(system, "srv"),
        lambda: create_symlink(system, "/../etc", "x"),
        lambda: create_symlink(system, "/etc/x", "a\0b"),
        lambda: copy_tree(system, "source", "../.."),
    )
    for call in calls:
        recorder.problems.clear()
        with pytest.raises(Refused):
            call()
        assert len(recorder.problems) == 1
