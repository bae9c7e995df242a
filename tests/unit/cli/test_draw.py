"""The plan as people see it."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from vmdsl.cli.draw import draw_plan
from vmdsl.errors import Problem, Where
from vmdsl.plan.evaluate import evaluate
from vmdsl.plan.lay_out import lay_out
from vmdsl.plan.load import load
from vmdsl.plan.plan import OptionValue, Plan

HYBRID = Path(__file__).parents[3] / "recipes" / "hybrid.py"
FACT = """
from vmdsl import *

@step
def disk() -> Disk:
    return mkimg(GiB(2))

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(disk()))))

@step
def there() -> Fact:
    return path_exists(root(), "/etc/motd")

@step
def motd() -> None:
    create_file(root(), "/etc/motd", "[red]", unless=there())
"""


def plan_of(path: Path, **given: Any) -> Plan:
    recipe = load(path)
    evaluated = evaluate(recipe, given)
    layout, problems = lay_out(evaluated.operations, recipe=recipe.name, seed="")
    assert layout
    assert not [*recipe.problems, *evaluated.problems, *problems]
    return Plan(
        recipe=recipe.path,
        directory=recipe.directory,
        code=recipe.path,
        name=recipe.name,
        seed="",
        options=tuple(
            OptionValue(name=o.name, value=given.get(o.name, o.default), given=o.name in given)
            for o in recipe.options
        ),
        operations=evaluated.operations,
        layout=layout,
    )


def drawn(plan: Plan, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    draw_plan(plan, (), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_too_long_or_padded(width: int) -> None:
    for line in drawn(plan_of(HYBRID), width).splitlines():
        assert len(line) <= width
        assert line == line.rstrip()


def test_options_and_where_they_come_from() -> None:
    lines = [line.split() for line in drawn(plan_of(HYBRID, with_swap=False)).splitlines()]
    assert ["size", "4", "GiB", "default"] in lines
    assert ["with_swap", "off", "command", "line"] in lines


def test_every_partition_is_in_the_bar_and_in_the_legend() -> None:
    text = drawn(plan_of(HYBRID))
    assert "3 root" in text
    assert "│1│" in text
    rows = [line.split() for line in text.splitlines()]
    assert ["2", "esp", "esp", "2", "MiB", "128", "MiB", "vfat", "/boot/efi"] in rows
    assert ["1", "d47f121c-43d6-5ee3-a494-4c553645f175"] in rows


def test_operations_in_the_order_in_which_they_run() -> None:
    text = drawn(plan_of(HYBRID))
    rows = [line.split() for line in text.splitlines() if " line " in line]
    assert [int(row[0]) for row in rows] == list(range(1, len(rows) + 1))
    assert [row[1] for row in rows][:2] == ["system", "system"]
    assert rows[-1][1] == "boot_loader"
    assert "boot code of GRUB for BIOS" in text.splitlines()[-2]


def test_condition_and_literal_text(tmp_path: Path) -> None:
    recipe = tmp_path / "fact.py"
    recipe.write_text(FACT)
    text = drawn(plan_of(recipe))
    assert "create /etc/motd (unless there)" in text
    assert "Options" not in text


def test_what_cannot_be_built_is_at_the_end() -> None:
    plan = plan_of(HYBRID)
    assert "cannot be built" not in drawn(plan)
    obstacle = Problem(what="no [red]", hint="go", step="root", where=Where(HYBRID, 10))
    lines = drawn(replace(plan, obstacles=(obstacle,))).splitlines()
    start = lines.index("It cannot be built yet")
    assert lines[start - 1] == ""
    assert lines[start + 1].endswith("hybrid.py:10: step root: no [red]")
    assert lines[-1].strip() == "go"


def test_disk_without_a_table(tmp_path: Path) -> None:
    recipe = tmp_path / "bare.py"
    recipe.write_text("from vmdsl import *\n@step\ndef d() -> Disk:\n    return mkimg(GiB(1))\n")
    assert "Disk of 1 GiB, no partition table" in drawn(plan_of(recipe))
