"""Recipes that are written for vmdb2 and read again."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import vmdsl
from vmdsl.language.operation import summary_of
from vmdsl.operations.packages.apt import Apt
from vmdsl.plan.load import load
from vmdsl.plan.plan import Plan, make_plan
from vmdsl.plan.typecheck import Untyped
from vmdsl.vmdb2.load import load_specification
from vmdsl.vmdb2.to_yaml.write import to_yaml

RECIPES = Path(vmdsl.__file__).parent.parent / "recipes"
VARIABLES = {
    "output": "x.img",
    "mirror": "http://mirror.example/debian",
    "security": "http://mirror.example/debian-security",
}


def disk(plan: Plan) -> list[Any]:
    """All of the disk but its ids, which come from the names of steps."""
    layout = plan.layout
    return [
        layout.size,
        [
            (p.number, p.start, p.size, p.type_code, p.partition.label, p.partition.flags)
            for p in layout.partitions
        ],
        sorted(
            (f.filesystem.kind, f.filesystem.label, f.partition.number) for f in layout.filesystems
        ),
        {str(m.path): m.filesystem.partition.number for m in layout.mounts},
    ]


def packages(plan: Plan) -> set[str]:
    return {str(p) for o in plan.tree_operations if isinstance(o, Apt) for p in o.packages}


def kinds(plan: Plan) -> Counter[str]:
    return Counter(type(o).__name__ for o in (*plan.tree_operations, *plan.image_operations))


def test_the_announcement_is_one_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its specification boots in a test, though without the flag, and so its recipe need not."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    path = RECIPES / "announcement.py"
    plan = make_plan(path, {}, cache=tmp_path, loaded=load(path), types=Untyped())
    file = RECIPES.parent / "tests/bench/announcement.vmdb"
    variables = {**VARIABLES, "mirror": "http://mirror.example/debian"}
    there = load_specification(file.read_text(), file, directory=RECIPES, variables=variables)
    again = there.plan({})
    assert str(disk(again)) == str(disk(plan)).replace("('boot',)", "()")
    assert packages(again) == packages(plan)


@pytest.mark.parametrize(
    "name", ["amd64_uefi", "announcement", "ansible", "cloud", "hybrid", "secure_boot"]
)
def test_what_is_read_again_is_the_same(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    path = RECIPES / f"{name}.py"
    plan = make_plan(path, {}, cache=tmp_path, loaded=load(path), types=Untyped())
    text = to_yaml(plan)
    file = tmp_path / f"{name}.vmdb"
    found = load_specification(text, file, directory=RECIPES, variables=VARIABLES)
    assert found.warnings == ()
    again = found.plan({})
    assert disk(again) == disk(plan)
    more = kinds(again)
    more.subtract(kinds(plan))
    # Updates and mount options are scripts; the step for GRUB names its package once more. A file
    # names the archives, or, in the announcement, the machine, which a script did.
    assert +more == {"Chroot": 2, "Apt": 1, "CreateFile": 1}
    assert -more == {}
    written = load_specification(to_yaml(again), file, directory=RECIPES, variables=VARIABLES)
    twice = written.plan({})
    assert [summary_of(o) for o in twice.operations] == [summary_of(o) for o in again.operations]
