"""The recipes of explanations: each wrong one has that mistake alone, each right one has none."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from headers import LATER
from vmdsl.cli.policies import with_findings
from vmdsl.errors import Problem, RecipeError
from vmdsl.explanations.codes import Example, explanations
from vmdsl.plan.plan import make_plan
from vmdsl.policies.chosen import SHIPPED
from vmdsl.values import GiB

IN_PYTHON = [
    pytest.param(code, example, id=f"{code}-{'wrong' if example.is_wrong else 'right'}")
    for code, explanation in explanations().items()
    for example in explanation.examples
    if example.language == "python"
]

#: What the project of an example sets for a policy.
SETTINGS = {"image-fits": {"size": GiB(4)}}
#: The project of the examples with comments that allow something.
PROJECT = '[tool.vmdsl]\npolicies = ["no-open-login"]\n'


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
    if "waiver" in code:
        (tmp_path / "pyproject.toml").write_text(PROJECT)
        (tmp_path / "root.password").write_text("text\n")
        recipe = Path(shutil.copy(recipe, tmp_path))
    try:
        plan = make_plan(recipe, {}, cache=tmp_path)
        plan = with_findings(plan) if "waiver" in code else plan
        found = [one.code for one in (*plan.findings, *plan.warnings)]
        if code in SHIPPED:
            found += [code for _ in SHIPPED[code](plan, **SETTINGS.get(code, {}))]
    except RecipeError as error:
        found = [one.code for one in error.problems]
    assert found == ([code] if example.is_wrong and code not in LATER else [])
