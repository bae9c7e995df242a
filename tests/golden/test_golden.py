"""The plan of every recipe is what it was: a change of it is a change that somebody sees."""

import difflib
import os
from pathlib import Path

import pytest

from vmdsl.plan.plan import make_plan
from vmdsl.review.data import plan_json

HERE = Path(__file__).parent
RECIPES = sorted((HERE.parent.parent / "recipes").glob("*.py"))
REWRITE = os.environ.get("VMDSL_GOLDEN") == "rewrite"


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_plan_is_the_golden_one(recipe: Path, cache: Path) -> None:
    golden = HERE / f"{recipe.stem}.json"
    now = plan_json(make_plan(recipe, {}, cache=cache))
    if REWRITE:
        golden.write_text(now, encoding="utf-8")
    assert golden.exists(), f"there is no golden plan of {recipe.name}: run `nox -s golden`"
    then = golden.read_text(encoding="utf-8")
    changes = difflib.unified_diff(
        then.splitlines(), now.splitlines(), golden.name, recipe.name, lineterm=""
    )
    if now != then:
        pytest.fail("\n".join([*changes, "if this is meant: nox -s golden"]), pytrace=False)


def test_every_golden_plan_has_its_recipe() -> None:
    assert {path.stem for path in HERE.glob("*.json")} <= {path.stem for path in RECIPES}
