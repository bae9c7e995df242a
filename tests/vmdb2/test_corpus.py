"""Real specifications are read, planned, converted to Python and back, and mean the same."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from vmdb2.specifications import Prepared, corpus, load, meaning, prepared
from vmdsl.errors import RecipeError
from vmdsl.plan.load import load as load_recipe
from vmdsl.plan.plan import Plan, make_plan
from vmdsl.plan.typecheck import Untyped, mypy_command
from vmdsl.vmdb2.to_python.source import to_python
from vmdsl.vmdb2.to_yaml.write import to_yaml

if not corpus():
    pytest.skip(
        "VMDSL_CORPUS names no folder with specifications: 4 tests of each are skipped",
        allow_module_level=True,
    )


@dataclass(frozen=True)
class Converted:
    """A specification with its plan and its recipe, or what is wrong with it."""

    prepared: Prepared
    problems: RecipeError | None
    plan: Plan | None = None
    recipe: Path | None = None

    def expect(self) -> tuple[Plan, Path]:
        """The plan and the recipe; the test is skipped where the specification is wrong."""
        if self.plan is None or self.recipe is None:
            pytest.skip("it is refused, as the summary says")
        return self.plan, self.recipe


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Converted]:
    folder = tmp_path_factory.mktemp("corpus")
    return {
        origin.name: _converted(prepared(origin, folder / f"{number}"))
        for number, origin in enumerate(corpus())
    }


def _converted(one: Prepared) -> Converted:
    try:
        loaded = one.load()
        plan = loaded.plan({})
    except RecipeError as error:
        return Converted(one, error)
    recipe = one.file.with_suffix(".py")
    recipe.write_text(to_python(loaded.draft), encoding="utf-8")
    return Converted(one, None, plan, recipe)


@pytest.fixture(scope="module")
def mypy_says(converted: Mapping[str, Converted], cache: Path) -> Mapping[Path, str]:
    recipes = [one.recipe for one in converted.values() if one.recipe]
    said = subprocess.run(
        mypy_command(cache, *recipes), capture_output=True, text=True, check=False
    ).stdout
    return {recipe: said for recipe in recipes if recipe.name in said}


each = pytest.mark.parametrize("name", [origin.name for origin in corpus()])


@each
def test_it_is_planned_or_refused_with_a_reason(
    converted: Mapping[str, Converted], name: str
) -> None:
    one = converted[name]
    if one.problems is None:
        return
    for problem in one.problems.problems:
        assert problem.where is not None
        assert problem.where.line
        assert problem.hint, problem
    if not _is_yaml(one.prepared.file):
        assert "template" in str(one.problems)


def _is_yaml(file: Path) -> bool:
    try:
        yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError:
        return False
    return True


@each
def test_its_recipe_is_well_formed_and_typed(
    converted: Mapping[str, Converted], mypy_says: Mapping[Path, str], name: str
) -> None:
    _, recipe = converted[name].expect()
    assert recipe not in mypy_says, mypy_says[recipe]
    formatted = subprocess.run(
        [
            Path(sys.executable).with_name("ruff"),
            "format",
            "--isolated",
            "--line-length=100",
            "--diff",
            recipe,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert formatted.returncode == 0, formatted.stdout


@each
def test_its_recipe_has_the_same_plan(
    converted: Mapping[str, Converted], cache: Path, name: str
) -> None:
    plan, recipe = converted[name].expect()
    again = make_plan(recipe, {}, cache=cache, loaded=load_recipe(recipe), types=Untyped())
    assert meaning(again) == meaning(plan)


@each
def test_exported_it_has_the_same_plan(converted: Mapping[str, Converted], name: str) -> None:
    plan, recipe = converted[name].expect()
    exported = recipe.with_suffix(".exported")
    exported.mkdir()
    file = exported / recipe.with_suffix(".vmdb").name
    file.write_text(to_yaml(plan), encoding="utf-8")
    for local in recipe.parent.iterdir():
        if local not in {exported, recipe, converted[name].prepared.file}:
            (exported / local.name).symlink_to(local)
    assert meaning(load(file).plan({})) == meaning(plan)


def test_most_are_planned(
    converted: Mapping[str, Converted], record_property: Callable[[str, object], None]
) -> None:
    refused = {name: one.problems for name, one in converted.items() if one.problems}
    planned = len(converted) - len(refused)
    of_yaml = {name for name in refused if _is_yaml(converted[name].prepared.file)}
    counts = (
        f"{planned} are planned, converted and exported; {len(of_yaml)} are refused with a reason"
    )
    lines = [
        f"{len(converted)} specifications: {counts}; {len(refused) - len(of_yaml)} are no YAML"
    ]
    lines += [f"  {name}: {_first_line(converted[name])}" for name in sorted(refused)]
    record_property("summary", "\n".join(lines))
    assert len(of_yaml) * 10 < len(converted)


def _first_line(one: Converted) -> str:
    directory = f"{one.prepared.directory}/"
    return str(one.problems).splitlines()[0].replace(directory, "")
