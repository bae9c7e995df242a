"""Specifications that nobody would write have one plan, however they are converted."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from vmdb2.generated import VARIABLES, prepare, specifications
from vmdb2.specifications import meaning
from vmdsl.errors import RecipeError
from vmdsl.plan.load import load as load_recipe
from vmdsl.plan.plan import Plan, make_plan
from vmdsl.plan.typecheck import Untyped
from vmdsl.vmdb2.load import Loaded, load_specification
from vmdsl.vmdb2.moved import moved
from vmdsl.vmdb2.write_python import to_python
from vmdsl.vmdb2.write_yaml import to_yaml

few = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory with the files that specifications name."""
    directory = tmp_path_factory.mktemp("there")
    prepare(directory)
    before = list(sys.path)
    yield directory
    sys.path[:] = before


def loaded(text: str, place: Path) -> Loaded:
    file = place / "pc.vmdb"
    return load_specification(text, file, directory=place, variables=VARIABLES)


def plan_of(loaded: Loaded) -> Plan:
    return make_plan(loaded.draft.path, {}, cache=Path("/nowhere"), loaded=loaded.recipe)


def plan_of_recipe(text: str, file: Path) -> Plan:
    file.write_text(text, encoding="utf-8", newline="")
    recipe = load_recipe(file)
    return make_plan(file, {}, cache=Path("/nowhere"), loaded=recipe, types=Untyped())


@few
@given(text=specifications())
def test_a_specification_and_its_recipe(text: str, place: Path) -> None:
    found = loaded(text, place)
    assert meaning(plan_of_recipe(to_python(found.draft), place / "pc.py")) == meaning(
        plan_of(found)
    )


@few
@given(text=specifications())
def test_a_specification_and_what_is_exported(text: str, place: Path) -> None:
    plan = plan_of(loaded(text, place))
    assert meaning(plan_of(loaded(to_yaml(plan), place))) == meaning(plan)
