"""mypy really checks the modules of a recipe's author, wherever they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmdsl.errors import HostError, Problem
from vmdsl.plan.typecheck import TypeCheck

WRONG = "from vmdsl import RootFs, apt\n\n\ndef add(system: RootFs) -> None:\n    apt(3, 'x')\n"
PLACE = 5


def checked(recipe: Path, cache: Path) -> list[str]:
    return [_shown(problem) for problem in TypeCheck(recipe, cache).problems()]


def _shown(problem: Problem) -> str:
    where = problem.where
    assert where is not None
    return f"{where.file}:{where.line} [{problem.code}]"


def save(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_modules_beside_and_in_development_mode(
    tmp_path: Path, mypy_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Packages without `__init__.py` too."""
    there, here = tmp_path / "elsewhere", tmp_path / "recipes"
    save(there, dev_space__part=WRONG, dev_package__part=WRONG)
    (there / "dev_package/__init__.py").touch()
    names = ("space.part", "dev_space.part", "dev_package.part")
    save(here, space__part=WRONG, pc="".join(f"import {name}\n" for name in names))
    monkeypatch.setenv("PYTHONPATH", str(there))
    monkeypatch.syspath_prepend(there)
    monkeypatch.delenv("MYPYPATH", raising=False)
    assert checked(here / "pc.py", mypy_cache) == [
        f"{there}/dev_package/part.py:{PLACE} [wrong-handle]",
        f"{there}/dev_space/part.py:{PLACE} [wrong-handle]",
        f"{here}/space/part.py:{PLACE} [wrong-handle]",
    ]


def test_a_recipe_of_an_installed_package_without_a_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """mypy does not take what is installed beside it for its own, and leaves nothing behind."""
    site, scratch = tmp_path / "site-packages", tmp_path / "scratch"
    save(site, acme_pc__pc=WRONG, typing_extensions="never = 1 + ''\n")
    (site / "acme_pc/__init__.py").touch()
    (tmp_path / "file").touch()
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    found = checked(site / "acme_pc/pc.py", tmp_path / "file/cache")
    assert found == [f"{site}/acme_pc/pc.py:{PLACE} [wrong-handle]"]
    assert [*scratch.iterdir()] == []


@pytest.mark.parametrize(
    ("main", "said"),
    [
        ("import no_such_part_of_mypy\n", "No module named 'no_such_part_of_mypy'"),
        ("print('it fails')\nraise SystemExit(1)\n", "no message"),
        ("print('INTERNAL ERROR')\nraise SystemExit(2)\n", "no message"),
    ],
)
def test_a_mypy_that_is_broken_finds_something_wrong(
    main: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, recipe="")
    (tmp_path / "mypy").mkdir()
    (tmp_path / "mypy/__init__.py").touch()
    (tmp_path / "mypy/__main__.py").write_text(main, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(HostError, match="mypy does not run: ") as raised:
        checked(tmp_path / "recipe.py", tmp_path / "cache")
    assert said in str(raised.value)
