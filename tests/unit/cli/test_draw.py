"""The plan on a terminal and in a pipe, and what today adds to it."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from plans import plan_of
from vmdsl.builder.cache.forecast import Expected
from vmdsl.cli.draw import show_plan, show_today
from vmdsl.errors import Problem, Where
from vmdsl.plan.plan import Plan
from vmdsl.review.describe import describe
from vmdsl.review.outline import write

RECIPES = Path(__file__).parents[3] / "recipes"
HYBRID = RECIPES / "hybrid.py"


def drawn(plan: Plan, width: int = 80, *, terminal: bool = True, colour: bool = False) -> str:
    console = Console(
        file=io.StringIO(),
        width=width,
        highlight=False,
        force_terminal=terminal,
        color_system="standard" if colour else None,
    )
    show_plan(plan, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def today(plan: Plan, *expected: Expected) -> str:
    console = Console(file=io.StringIO(), width=200, highlight=False)
    show_today(plan, expected, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [20, 80, 120, 300])
def test_no_line_is_too_long_for_a_terminal(width: int) -> None:
    for line in drawn(plan_of(RECIPES / "cloud.py"), width).splitlines():
        assert len(line) <= width


def test_nothing_is_lost_where_lines_are_wrapped() -> None:
    plan = plan_of(RECIPES / "cloud.py")
    whole = write(describe(plan), lines=True).partition("Filesystems")[2]
    assert drawn(plan, 40).partition("Filesystems")[2].split() != []
    assert "".join(drawn(plan, 40).partition("Filesystems")[2].split()) == "".join(whole.split())


def test_a_pipe_gets_the_text_as_it_is_whatever_its_width() -> None:
    plan = plan_of(HYBRID)
    text = drawn(plan, 30, terminal=False, colour=True)
    assert text == write(describe(plan), lines=True)
    assert "  boot_loader (line 108): GRUB for UEFI\n" in text


def test_colours_are_all_that_a_terminal_gets_besides() -> None:
    plan = plan_of(HYBRID)
    coloured = drawn(plan, colour=True)
    assert "\x1b[1mDisk\x1b[0m\n" in coloured
    assert drawn(plan, 100) == write(describe(plan, width=100), lines=True)


def test_what_today_adds() -> None:
    plan = plan_of(HYBRID)
    assert today(plan) == ""
    said = today(plan, Expected(how="cached"), Expected(reason="argument `packages` changed"))
    assert said.splitlines() == [
        "",
        "The next build",
        "  system (line 83): cached, debootstrap trixie (important, amd64)",
        "  system (line 83): to do, apt install linux-image-cloud-amd64 grub-pc grub-efi-amd64-bin",
        "    argument `packages` changed",
    ]


def test_what_cannot_be_built_is_at_the_end() -> None:
    obstacle = Problem(what="no [red]", hint="go", step="root", where=Where(HYBRID, 10))
    lines = today(replace(plan_of(HYBRID), obstacles=(obstacle,))).splitlines()
    assert lines[:2] == ["", "It cannot be built yet"]
    assert lines[2].endswith("hybrid.py:10: step root: no [red]")
    assert lines[-1].strip() == "go"
