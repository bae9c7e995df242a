"""A plan as JSON: all of it, whatever fields operations have, and nothing of this machine."""

import json
import re
from dataclasses import dataclass, field, replace
from enum import Enum, IntEnum
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

import pytest

from vmdsl.errors import Advice, Problem, Where
from vmdsl.language.effects import Tree, TreeOperation
from vmdsl.language.operation import origin_of
from vmdsl.machines import Arch
from vmdsl.operations.disk.ext import Ext4
from vmdsl.plan.evaluate import evaluate
from vmdsl.plan.lay_out import lay_out
from vmdsl.plan.load import load
from vmdsl.plan.plan import OptionValue, Plan
from vmdsl.review.data import plan_json
from vmdsl.values import GiB, Suite

RECIPE = """
from vmdsl import *

size = option(GiB(2), help="Size.")

@step
def disk() -> Disk:
    return mkimg(size())

@step
def table() -> Gpt:
    return mkgpt(disk())

@step
def both() -> tuple[Ext4, Swap]:
    return mkext4(mkpart(table(), size=GiB(1))), mkswap(mkpart(table(), type="swap"))

@step
def root() -> Mounted[Ext4]:
    return mount(both()[0])
"""


class Colour(Enum):
    RED = Path("red")


class Level(IntEnum):
    HIGH = 3


@dataclass(frozen=True)
class Inner:
    size: Any
    password: str = field(default="hunter2", repr=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class Anything(TreeOperation):
    value: Any

    def apply(self, tree: Tree) -> None:
        raise NotImplementedError


def make_plan(path: Path, value: Any = None) -> Plan:
    path.write_text(RECIPE)
    recipe = load(path)
    recorded = evaluate(recipe, {})
    assert not recorded.problems
    layout, problems = lay_out(recorded.operations, recipe=recipe.name, seed="s")
    assert layout
    assert not problems
    origin = origin_of(recorded.operations[-1])
    return Plan(
        recipe=recipe.path,
        directory=recipe.directory,
        code=recipe.path,
        name=recipe.name,
        seed="s",
        options=(OptionValue(name="size", value=GiB(2), given=True),),
        operations=(*recorded.operations, Anything(root=None, value=value, _origin=origin)),
        layout=layout,
    )


def encoded(tmp_path: Path, value: Any) -> Any:
    document = json.loads(plan_json(make_plan(tmp_path / "a.py", value)))
    return document["operations"][-1]["arguments"]["value"]


def test_head_and_layout(tmp_path: Path) -> None:
    document = json.loads(plan_json(make_plan(tmp_path / "a.py")))
    assert document["recipe"] == "a.py"
    assert document["seed"] == "s"
    assert document["options"] == {"size": {"value": 2**31, "given": True}}
    layout = document["layout"]
    assert layout["disk"] == {"step": "disk", "size": 2**31, "free": None, "sector": 512}
    assert layout["table"]["kind"] == "GPT"
    first, second = layout["partitions"]
    assert (first["step"], first["start"], first["size"]) == ("both", 2**20, 2**30)
    assert (second["step"], second["type"]) == ("both (2)", "swap")
    assert [f["kind"] for f in layout["filesystems"]] == ["ext4", "swap"]
    assert layout["mounts"] == [{"step": "root", "path": "/", "subvolume": None, "partition": 1}]


def test_obstacles_and_warnings_are_data(tmp_path: Path) -> None:
    plan = make_plan(tmp_path / "a.py")
    document = json.loads(plan_json(plan))
    assert (document["obstacles"], document["warnings"]) == ([], [])
    problem = Problem(what="no", hint="go", step="a", where=Where(plan.recipe, 4))
    advice = Advice(what="perhaps", where=Where(plan.recipe, 5))
    plan = replace(plan, obstacles=(problem,), warnings=(advice,))
    document = json.loads(plan_json(plan))
    obstacle = {"code": "", "step": "a", "line": 4, "what": "no", "hint": "go"}
    warning = {"code": "", "step": "", "line": 5, "what": "perhaps", "hint": ""}
    assert (document["obstacles"], document["warnings"]) == ([obstacle], [warning])


def test_operations_have_step_line_and_arguments(tmp_path: Path) -> None:
    operations = json.loads(plan_json(make_plan(tmp_path / "a.py")))["operations"]
    assert {key: operations[1][key] for key in ("kind", "phase", "step", "line", "arguments")} == {
        "kind": "Gpt",
        "phase": "layout",
        "step": "table",
        "line": 12,
        "arguments": {"disk": "disk", "disk_id": ""},
    }
    assert (operations[1]["summary"], operations[1]["subject"]) == ("GPT partition table", "disk")
    swap = next(o for o in operations if o["kind"] == "Swap")
    assert swap["step"] == "both"
    assert swap["arguments"]["device"] == "both (2)"


def test_third_party_operation_is_named_with_its_module(tmp_path: Path) -> None:
    last = json.loads(plan_json(make_plan(tmp_path / "a.py")))["operations"][-1]
    assert last["kind"] == f"{__name__}.Anything"
    assert last["phase"] == "tree"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (0.5, 0.5),
        (Level.HIGH, 3),
        (Arch.AMD64, "amd64"),
        (Colour.RED, "red"),
        (Suite("trixie"), "trixie"),
        (PurePosixPath("/srv"), "/srv"),
        (b"\x00\xff", {"bytes": "00ff"}),
        (("a", ["b"]), ["a", ["b"]]),
        (frozenset({"b", "a", "c"}), ["a", "b", "c"]),
        (MappingProxyType({Arch.AMD64: GiB(1)}), {"amd64": 2**30}),
        (Ext4, "Ext4"),
        (re.compile("x+"), "re.compile('x+')"),
    ],
)
def test_value(tmp_path: Path, value: Any, expected: Any) -> None:
    assert encoded(tmp_path, value) == expected


def test_dataclass_without_what_its_repr_hides(tmp_path: Path) -> None:
    assert encoded(tmp_path, Inner(GiB(1))) == {"kind": f"{__name__}.Inner", "size": 2**30}


def test_path_beside_the_recipe_is_relative(tmp_path: Path) -> None:
    assert encoded(tmp_path, tmp_path / "files" / "motd") == "files/motd"
    assert encoded(tmp_path, Path("/etc/motd")) == "/etc/motd"


def test_nothing_has_an_address(tmp_path: Path) -> None:
    class Plain:
        def __init__(self) -> None:
            self.size = GiB(1)

    def function() -> None:
        pass

    assert " at 0x" not in json.dumps(encoded(tmp_path, [Plain(), object(), function, len]))


def test_same_text_wherever_the_recipe_is(tmp_path: Path) -> None:
    texts = set()
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        texts.add(plan_json(make_plan(folder / "a.py")))
    assert len(texts) == 1
    assert str(tmp_path) not in texts.pop()
