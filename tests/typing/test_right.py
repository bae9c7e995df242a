"""What people may write passes: nobody is to fight the checks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from vmdsl.errors import Problem
from vmdsl.plan.plan import make_plan

RIGHT = Path(__file__).parent / "right"


def test_passes(
    right_recipe: Path,
    tmp_path: Path,
    said_by_mypy: Mapping[Path, list[Problem]],
    mypy_says: Callable[[list[Problem]], None],
    started: list[list[str]],
) -> None:
    started.clear()
    assert said_by_mypy.get(right_recipe, []) == []
    mypy_says([])
    plan = make_plan(right_recipe, {}, cache=tmp_path)
    assert plan.operations
    assert plan.warnings == ()
    assert started == []


@pytest.mark.parametrize("uefi", [True, False])
@pytest.mark.parametrize("serial", [True, False])
@pytest.mark.parametrize("swap", [True, False])
def test_every_way_through_the_flags(
    *,
    uefi: bool,
    serial: bool,
    swap: bool,
    tmp_path: Path,
    mypy_says: Callable[[list[Problem]], None],
) -> None:
    mypy_says([])
    values = {"uefi": uefi, "serial": serial, "swap": swap}
    plan = make_plan(RIGHT / "conditions.py", values, cache=tmp_path)
    steps = {operation.name for operation in plan.operations}
    assert ("esp" in steps) == uefi
    assert ("swap_space" in steps) == (swap and not serial)
    assert ("tools" in steps) == (serial or (uefi and swap))
    assert ("boot_loader" in steps) == uefi
    assert {o.name: o.value for o in plan.options if o.given} == values


@pytest.mark.parametrize("name", ["own_operation", "uses_a_library"])
def test_whole_way(name: str, mypy_cache: Path, started: list[list[str]]) -> None:
    plan = make_plan(RIGHT / f"{name}.py", {}, cache=mypy_cache)
    assert plan.name == name
    assert [command[:4] for command in started] == [[sys.executable, "-P", "-m", "mypy"]]


def test_operations_come_in_three_kinds(
    tmp_path: Path, mypy_says: Callable[[list[Problem]], None]
) -> None:
    mypy_says([])
    plan = make_plan(RIGHT / "own_operation.py", {}, cache=tmp_path)
    assert [type(o).__name__ for o in plan.layout_operations] == [
        "Disk",
        "Gpt",
        "Partition",
        "Ext4",
        "Mounted",
    ]
    assert [type(o).__name__ for o in plan.tree_operations] == ["Debootstrap", "AuthorizedKey"]
    assert [type(o).__name__ for o in plan.image_operations] == ["Blob"]
