"""What would switch checking off is found at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmdsl.errors import Advice
from vmdsl.plan.unchecked import unchecked


def found(folder: Path, source: str) -> list[str]:
    recipe = folder / "recipe.py"
    recipe.write_text(source, encoding="utf-8")
    problems = list(unchecked(recipe))
    assert all(problem.hint and problem.code for problem in problems)
    return [
        f"{problem.where.line if problem.where else 0}: "
        f"{'warning: ' * isinstance(problem, Advice)}{problem.what}"
        for problem in problems
    ]


@pytest.mark.parametrize(
    "setting",
    [
        "ignore-errors",
        "disable-error-code=arg-type",
        "disallow-untyped-defs=False",
        "strict = False",
        "follow-imports=skip",
        "always-true=FOO",
        "allow-untyped-calls",
        "disallow-any-expr, ignore-missing-imports",
    ],
)
def test_settings_of_mypy(setting: str, tmp_path: Path) -> None:
    assert found(tmp_path, f'"""A recipe."""\n\n# mypy: {setting}\n') == [
        f"3: this setting changes what mypy checks: {setting}"
    ]


@pytest.mark.parametrize(
    "comment",
    [
        "# mypy: disallow-any-expr, warn-return-any=True",
        "# mypy: strict",
        "#  mypy: ignore-errors, which mypy itself does not read",
        "x = 1  # mypy: ignore-errors",
        "# mypy would say: # mypy: ignore-errors",
        "# pyright: strict",
        "'# pyright: basic'",
        "# type: str",
        "'# type: ignore'",
    ],
)
def test_comments_that_switch_nothing_off(comment: str, tmp_path: Path) -> None:
    assert found(tmp_path, f"{comment}\n") == []


def test_comments_of_a_line_and_of_the_whole_file(tmp_path: Path) -> None:
    source = "# type: ignore\nimport os  # type: ignore[import-untyped]\n# pyright: basic\n"
    assert found(tmp_path, source) == [
        "3: warning: pyright does not check this in an editor: basic",
        "1: this comment stops mypy's check of the whole file",
        "2: warning: mypy's report of this line is ignored: # type: ignore[import-untyped]",
    ]


@pytest.mark.parametrize(
    ("imported", "decorator"),
    [
        ("from typing import no_type_check", "no_type_check"),
        ("from typing_extensions import no_type_check as plain", "plain"),
        ("import typing as t", "t.no_type_check"),
    ],
)
def test_functions_without_a_check(imported: str, decorator: str, tmp_path: Path) -> None:
    source = f"{imported}\n@{decorator}\ndef f() -> None: ...\n"
    assert found(tmp_path, source) == ["2: @no_type_check stops mypy's check of f"]


@pytest.mark.parametrize(
    ("imported", "call"),
    [
        ("from vmdsl import apt", "apt(thing)"),
        ("from vmdsl import *", "apt(thing)"),
        ("import vmdsl as v", "v.apt(*thing)"),
        ("from vmdsl_stdlib import tidy", "tidy(root=thing.root)"),
        ("from vmdsl import apt", "apt(thing if 1 else 2)"),
        ("from vmdsl import apt", "apt(*[one for one in ()], *[thing[0] for one in ()])"),
    ],
)
def test_values_of_any_type_for_operations(imported: str, call: str, tmp_path: Path) -> None:
    source = f"from typing import Any\n{imported}\ndef f(thing: Any) -> None:\n    {call}\n"
    assert found(tmp_path, source) == [
        "3: warning: thing is Any, so mypy checks no operation that it is given to"
    ]


@pytest.mark.parametrize("call", ["apt(str(thing))", "print(thing)", "record(My(value=thing))"])
def test_values_of_any_type_for_others(call: str, tmp_path: Path) -> None:
    source = f"from typing import Any\nfrom vmdsl import apt, record\nthing: Any = 1\n{call}\n"
    assert found(tmp_path, source) == []


def test_in_a_module_beside(tmp_path: Path) -> None:
    (tmp_path / "parts.py").write_text("from vmdsl import apt\n# mypy: ignore-errors\n", "utf-8")
    (problem,) = unchecked_of(tmp_path, "import parts\n")
    assert problem == f"{tmp_path / 'parts.py'}:2"


def unchecked_of(folder: Path, source: str) -> list[str]:
    recipe = folder / "recipe.py"
    recipe.write_text(source, encoding="utf-8")
    return [str(problem.where) for problem in unchecked(recipe)]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert found(tmp_path, "def f(:\n") == []
