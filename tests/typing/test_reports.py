"""The reports of wrong recipes, as terminals of 80 and of 120 columns show them.

Each of these recipes has one mistake of a kind that no other has, and so exactly one report. It is
found before any program starts but the type checker. `nox -s golden` writes the files anew.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from headers import LATER
from vmdsl.cli.problems import describe
from vmdsl.errors import Advice, Problem, RecipeError
from vmdsl.explanations.codes import Example
from vmdsl.plan.marks import marked
from vmdsl.plan.plan import make_plan
from vmdsl.policies.chosen import SHIPPED

GOLDEN = Path(__file__).parents[1] / "golden"
REWRITE = os.environ.get("VMDSL_GOLDEN") == "rewrite"
#: As many kinds of mistakes have their reports in the file for 80 columns, and in that for 120.
LEAST, LEAST_WIDE = 120, 12
#: A report with more columns in its first line is also shown at 120.
WIDE = 120


def recipes_of_one_mistake(wrong: Path, explained: Mapping[Example, Path]) -> Iterator[Path]:
    """The wrong recipes of explanations, and those where one comment says what is reported.

    Those of policies, and of comments for these, are right without them; others are until a build.
    """
    names = (*SHIPPED, *LATER, "unused-waiver", "waiver-without-reason")
    of_policies = {f"explained_{name.replace('-', '_')}_wrong.py" for name in names}
    wrong_ones = (path for example, path in explained.items() if example.is_wrong)
    yield from (path for path in wrong_ones if path.name not in of_policies)
    for path in sorted(wrong.glob("*.py")):
        text = path.read_text("utf-8")
        if text.count("# M: ") + text.count("# E: ") == 1 and "shared_" not in path.name + text:
            yield path


@pytest.fixture
def reported(
    wrong: Path,
    tmp_path: Path,
    said_by_mypy: Mapping[Path, list[Problem]],
    mypy_says: Callable[[list[Problem]], None],
) -> Callable[[Path], Problem]:
    """The only report of a recipe."""

    def report(recipe: Path) -> Problem:
        mypy_says(said_by_mypy.get(recipe, []))
        try:
            found = list(make_plan(recipe, {}, cache=tmp_path).warnings)
        except RecipeError as error:
            found = list(error.problems)
        assert len(found) == 1, f"{recipe.name}: {found}"
        assert found[0].where is not None
        assert found[0].where.file == recipe
        notes = recipe.read_text("utf-8").splitlines()
        lines = [
            number for number, text in enumerate(notes, 1) if "# M: " in text or "# E: " in text
        ]
        assert not lines or max(found[0].where.line, 1) in lines, found
        assert wrong in recipe.parents
        return found[0]

    return report


def as_text(problem: Problem, folder: Path, width: int) -> str:
    """A report of a recipe without the comments that say what is reported."""
    assert problem.where is not None
    recipe = folder / problem.where.file.name
    if not recipe.exists():
        text = re.sub(r" *# [MEe]: .*", "", problem.where.file.read_text("utf-8"))
        recipe.write_text(text, encoding="utf-8")
    here = str(problem.where.file.parent)
    what, hint = (
        text.replace(f"{here}/", "").replace(here, ".") for text in (problem.what, problem.hint)
    )
    where = replace(problem.where, file=recipe)
    problem = marked(replace(problem, what=what, hint=hint, where=where))
    kind = "warning" if isinstance(problem, Advice) else ""
    lines = [line.plain.rstrip() for line in describe(problem, folder, kind, width)]
    assert all(len(line) <= width or " " not in line.strip() for line in lines if width)
    return "\n".join(lines)


def test_reports(
    wrong: Path,
    explained: Mapping[Example, Path],
    tmp_path: Path,
    reported: Callable[[Path], Problem],
    started: list[list[str]],
) -> None:
    folder = tmp_path / "recipes"
    folder.mkdir()

    started.clear()
    found = {path: reported(path) for path in recipes_of_one_mistake(wrong, explained)}
    assert started == []
    kinds: dict[tuple[str, str], Path] = {}
    for path, problem in found.items():
        kinds.setdefault((problem.code, _pattern(problem.what)), path)
    assert len(kinds) >= LEAST
    wide = [
        path
        for path in kinds.values()
        if len(as_text(found[path], folder, 0).partition("\n")[0]) > WIDE
    ]
    assert len(wide) >= LEAST_WIDE
    compare(
        GOLDEN / "reports-80.txt", [as_text(found[path], folder, 80) for path in kinds.values()]
    )
    compare(GOLDEN / "reports-120.txt", [as_text(found[path], folder, 120) for path in wide])


def _pattern(what: str) -> str:
    """A message without the names and the numbers in it."""
    words = what.replace("`", '"').replace("'", '"').split('"')[::2]
    return "".join(one for one in " ".join(words) if not one.isdigit())


def compare(file: Path, reports: list[str]) -> None:
    text = "\n\n".join(reports) + "\n"
    if REWRITE:
        file.write_text(text, encoding="utf-8")
    before = file.read_text("utf-8")
    difference = difflib.unified_diff(before.splitlines(), text.splitlines(), "golden", "now")
    assert before == text, "\n".join([*difference, "if this is meant: nox -s golden"])
