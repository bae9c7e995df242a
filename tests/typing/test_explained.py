"""The recipes of explanations: each wrong one has that mistake alone, each right one has none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from vmdsl.errors import Problem, RecipeError
from vmdsl.explanations.codes import Example, explanations
from vmdsl.plan.plan import make_plan
from vmdsl.policies.chosen import SHIPPED

IN_PYTHON = [
    pytest.param(code, example, id=f"{code}-{'wrong' if example.is_wrong else 'right'}")
    for code, explanation in explanations().items()
    for example in explanation.examples
    if example.language == "python"
]


@pytest.mark.parametrize(("code", "example"), IN_PYTHON)
def test_recipe(  # noqa: PLR0917 (fixtures)
    code: str,
    example: Example,
    explained: Mapping[Example, Path],
    tmp_path: Path,
    said_by_mypy: Mapping[Path, list[Problem]],
    mypy_says: Callable[[list[Problem]], None],
) -> None:
    recipe = explained[example]
    mypy_says(said_by_mypy.get(recipe, []))
    try:
        plan = make_plan(recipe, {}, cache=tmp_path)
        found = [one.code for one in plan.warnings]
        found += [code for _ in SHIPPED[code](plan)] if code in SHIPPED else []
    except RecipeError as error:
        found = [one.code for one in error.problems]
    assert found == ([code] if example.is_wrong else [])
