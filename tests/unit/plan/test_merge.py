from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from vmdsl.errors import Problem, Where
from vmdsl.plan.merge import Crash, merge, statement_starts

RECIPE = """\
size = 3

@step
def disk(
    a,
):
    return mkimg(
        size,
        4,
    )

if size:
    x = 1
    y = (2 +
         3)
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "r.py"
    path.write_text(RECIPE, encoding="utf-8")
    return path


def test_statement_starts(recipe: Path) -> None:
    starts = statement_starts(recipe)
    assert [starts.get(line) for line in range(1, 16)] == [
        1, None, 3, 3, 3, 3, 7, 7, 7, 7, None, 12, 13, 14, 14,
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["def f(:", "\0"])
def test_statement_starts_of_what_is_no_python(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r.py"
    path.write_text(text, encoding="utf-8")
    assert statement_starts(path) == {}
    assert statement_starts(tmp_path / "missing.py") == {}


def at(recipe: Path, line: int, what: str, kind: type[Problem] = Problem) -> Problem:
    return kind(what=what, where=Where(recipe, line))


def test_a_statement_has_one_mistake(recipe: Path) -> None:
    """mypy names the line of an argument, the evaluator that of the call."""
    types = [at(recipe, 8, "mypy"), at(recipe, 4, "mypy")]
    ours = [at(recipe, 7, "same"), at(recipe, 3, "same"), at(recipe, 13, "other")]
    assert [p.what for p in merge(types, ours)] == ["mypy", "mypy", "other"]


def test_crashes_follow_from_what_mypy_found(recipe: Path) -> None:
    crash, other = at(recipe, 13, "TypeError", Crash), at(recipe, 14, "other")
    assert merge([], [crash, other]) == [crash, other]
    assert merge([at(recipe, 1, "mypy")], [crash, other]) == [at(recipe, 1, "mypy"), other]


def test_by_file_and_line_and_the_command_line_first(recipe: Path) -> None:
    beside = recipe.with_name("a.py")
    ours = [at(recipe, 14, "d"), at(recipe, 0, "c"), Problem(what="a"), at(beside, 9, "b")]
    assert [p.what for p in merge([], ours)] == ["a", "b", "c", "d"]


def test_mistake_of_the_whole_file_is_not_one_of_its_first_line(recipe: Path) -> None:
    types, whole = [at(recipe, 1, "mypy")], at(recipe, 0, "no disk")
    assert merge(types, [whole]) == [whole, *types]


def test_one_mistake_in_the_syntax_is_one_report(tmp_path: Path) -> None:
    """A bracket that is never closed: Python reports its line, and mypy the file's last one."""
    path = tmp_path / "r.py"
    path.write_text("x = (\n", encoding="utf-8")
    end = Problem(what="Unexpected EOF", where=Where(path, 2), code="syntax")
    begin = Problem(what="'(' was never closed", where=Where(path, 1), code="syntax")
    elsewhere = Problem(what="Unexpected EOF", where=Where(tmp_path / "b.py", 2), code="syntax")
    assert merge([end, elsewhere], [begin]) == [elsewhere, begin]
    assert merge([end], []) == [end]
    assert merge([replace(begin, what="Expected ')'")], [begin])[0].what == "Expected ')'"
