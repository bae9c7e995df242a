"""Mistakes that an operation finds are placed at the text of the specification that it is about."""

from __future__ import annotations

from pathlib import Path

import pytest

from translations import ABOVE
from vmdsl.plan.evaluate import evaluate
from vmdsl.vmdb2.load import load_specification


@pytest.mark.parametrize(
    ("step", "path", "column"),
    [
        ("- {apt: install, tag: a, packages: [good, Bad_]}", "$.steps[6].packages[1]", 43),
        ("- {create-dir: /a/../b}", "$.steps[6].create-dir", 16),
    ],
)
def test_a_mistake_has_the_place_of_its_text(step: str, path: str, column: int) -> None:
    text = "steps:\n" + ABOVE["system"] + step + "\n"
    loaded = load_specification(
        text, Path("x.vmdb"), directory=Path(), variables={"output": "x.img"}
    )
    (problem,) = evaluate(loaded.recipe, {}).problems
    assert problem.where is not None
    assert (problem.where.path, problem.where.column) == (path, column)
