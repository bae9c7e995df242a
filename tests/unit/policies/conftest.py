"""Plans of small recipes, for policies to look at."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from plans import plan_of
from vmdsl.plan.plan import Plan

HEADER = """\
from vmdsl import *
from vmdsl_stdlib import *

@step
def table() -> Gpt:
    return mkgpt(mkimg(GiB(4)))

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(table())))

@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")

"""


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Plan]:
    """Write a recipe with these steps below the header, and return its plan."""
    monkeypatch.setattr(sys, "path", sys.path[:])

    def make(steps: str) -> Plan:
        (tmp_path / "pc.py").write_text(HEADER + steps)
        return plan_of(tmp_path / "pc.py", "pc")

    return make


@pytest.fixture
def calling(plan: Callable[[str], Plan]) -> Callable[..., Plan]:
    """Return the plan of a recipe with these calls in a step below the header."""

    def make(*calls: str) -> Plan:
        return plan("@step\ndef more() -> None:\n" + "".join(f"    {call}\n" for call in calls))

    return make
