"""Recipes that `vmdsl new` writes: they are right, and as good as the shipped ones."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from vmdsl import programs
from vmdsl.cli.main import run
from vmdsl.cli.new import KINDS
from vmdsl.plan.plan import Plan, make_plan
from vmdsl.plan.typecheck import Untyped, mypy_command, read_messages
from vmdsl.review.compare import compare
from vmdsl.review.describe import describe

RECIPES = Path(__file__).parents[2] / "recipes"


def plan_of(path: Path) -> Plan:
    return make_plan(path, {}, cache=path.parent, types=Untyped())


def test_all_kinds_are_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """mypy finds no mistake, there are no warnings, and only what was asked for is different."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    for kind, shipped in KINDS.items():
        assert run(["new", shipped, "--like", kind, "--hostname", host_of(shipped)]) == 0
        words = ["--suite", "bookworm", "--hostname", "web", "--user", "ann"]
        assert run(["new", f"{shipped}_of_ann", "--like", shipped, *words]) == 0
    files = sorted(tmp_path.glob("*.py"))
    assert len(files) == 2 * len(KINDS)
    done = programs.run(mypy_command(tmp_path / "cache", *files), cwd=tmp_path)
    assert read_messages(done.output, tmp_path) == []
    for shipped in KINDS.values():
        plain = plan_of(tmp_path / f"{shipped}.py")
        assert plain.warnings == ()
        assert compare(describe(plan_of(RECIPES / f"{shipped}.py")), describe(plain)) == ()
        of_ann = plan_of(tmp_path / f"{shipped}_of_ann.py")
        assert of_ann.warnings == ()
        text = str(describe(of_ann))
        assert "# make the user ann" in text
        assert "/etc/ssh/sshd_config.d/10-server.conf" in text
        assert "/etc/systemd/network/80-dhcp.network" in text
        assert "make the user worker" not in text


def host_of(shipped: str) -> str:
    text = (RECIPES / f"{shipped}.py").read_text("utf-8")
    (name,) = re.findall(r'(?:set_hostname\(system\(\)|"/etc/hostname"), "([\w-]+)', text)
    return str(name)
