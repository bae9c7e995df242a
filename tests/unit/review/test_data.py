"""The JSON of plans is as its schema says."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from plans import plan_of
from vmdsl.errors import Advice, Problem, Where
from vmdsl.plan.plan import Waiver
from vmdsl.review.data import FORMAT_VERSION, SCHEMA, plan_json

REPOSITORY = Path(__file__).parents[3]
OF_TESTS = REPOSITORY / "tests/integration/recipes"
#: Recipes with all kinds of things, that need no file which is not there.
RECIPES = [
    *sorted((REPOSITORY / "recipes").glob("*.py")),
    *(OF_TESTS / f"{name}.py" for name in ("filesystems", "growing", "logical", "odd_gpt")),
    OF_TESTS / "odd_mbr.py",
]
LUKS = """
from vmdsl import *

@step
def root() -> Mounted[Ext4]:
    place = mkpart(mkgpt(mkimg(GiB(4))))
    group = mkvg(mkluks(place, key=Secret.from_environment("KEY")), name="vg")
    return mount(mkext4(mklv(group, name="lv", size=GiB(1))))

@step
def files() -> None:
    copy_tree(root(), "files", "/srv")
"""


@pytest.fixture(scope="module")
def schema() -> Any:
    return json.loads(SCHEMA.read_text("utf-8"))


def check(text: str, schema: Any) -> Any:
    document = json.loads(text)
    jsonschema.Draft202012Validator(schema).validate(document)
    return document


def test_the_schema_is_one(schema: Any) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["properties"]["format_version"]["const"] == FORMAT_VERSION


def objects(schema: Any) -> Iterator[Any]:
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for inner in schema.values():
            yield from objects(inner)


def test_it_leaves_no_field_open(schema: Any) -> None:
    """So a field that is added, renamed or forgotten fails the tests below."""
    for one in objects(schema):
        assert one["additionalProperties"] is False
        assert one["required"] == list(one["properties"])


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_plans_of_recipes(recipe: Path, schema: Any) -> None:
    document = check(plan_json(plan_of(recipe)), schema)
    assert document["operations"]


def test_what_the_recipes_do_not_have(tmp_path: Path, schema: Any) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files/link").symlink_to("x")
    (tmp_path / "luks.py").write_text(LUKS)
    document = check(plan_json(plan_of(tmp_path / "luks.py")), schema)
    for name in ("luks", "volume_groups", "logical_volumes"):
        assert len(document["layout"][name]) == 1
    assert document["operations"][-1]["reads"] == [
        {"path": "files/", "sha256": None, "executable": False, "target": None},
        {"path": "files/link", "sha256": None, "executable": False, "target": "x"},
    ]


def test_problems(schema: Any) -> None:
    recipe = REPOSITORY / "recipes/hybrid.py"
    plan = replace(
        plan_of(recipe),
        obstacles=(Problem(what="no", hint="go", step="root", where=Where(recipe, 3)),),
        warnings=(Advice(what="hm", code="no-room"),),
        findings=(Problem(what="open", code="no-open-login"),),
        waivers=(Waiver(finding=Problem(what="old", code="signed"), reason="ours"),),
    )
    document = check(plan_json(plan), schema)
    nothing = {"code": "", "step": "", "line": 0, "what": "", "hint": ""}
    obstacle = {"code": "", "step": "root", "line": 3, "what": "no", "hint": "go"}
    assert document["obstacles"] == [obstacle]
    assert document["warnings"] == [{**nothing, "code": "no-room", "what": "hm"}]
    assert document["findings"] == [{**nothing, "code": "no-open-login", "what": "open"}]
    assert document["waivers"] == [{**nothing, "code": "signed", "what": "old", "reason": "ours"}]
