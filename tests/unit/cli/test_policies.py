"""Policies on the command line: check, build, plan and diff."""

import json
import sys
from pathlib import Path

import pytest

from translations import ABOVE
from vmdsl.cli.main import run

RULES = """\
[tool.vmdsl]
policies = ["no-open-login"]
"""
OPEN = '- create-file: /etc/shadow\n  contents: "root::1"\n'
WAIVER = "# vmdsl: allow no-open-login: a locked room\n"
RECIPE = """
from vmdsl import *

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(mkimg(GiB(2))))))

@step
def shadow() -> None:
    create_file(root(), "/etc/shadow", "root::1")
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    Path("pyproject.toml").write_text(RULES)
    Path("pc.vmdb").write_text(f"steps:\n{ABOVE['system']}{OPEN}")
    Path("allowed.vmdb").write_text(f"steps:\n{ABOVE['system']}{WAIVER}{OPEN}")
    Path("pc.py").write_text(RECIPE)
    Path("other.py").write_text(RECIPE.replace("    create", f"    {WAIVER}    create"))


FINDING = """\
pc.vmdb:9:13: $.steps[6].contents: root logs in without a password  [no-open-login]
     9 | contents: "root::1"
                   ^
    give the password as a Secret: set_password(), or a key: add_user(ssh_keys=…)
"""


def test_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "pc.vmdb"]) == 3
    assert capsys.readouterr() == ("", f"{FINDING}1 finding\n")
    assert run(["check", "allowed.vmdb"]) == 0
    assert capsys.readouterr() == ("allowed.vmdb: no mistakes\n", "")
    assert run(["check", "allowed.vmdb", "pc.vmdb"]) == 3
    assert capsys.readouterr().err.endswith("\npc.vmdb: 1 finding\n")


def test_build(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build", "pc.vmdb", "--output", "pc.img"]) == 3
    assert capsys.readouterr() == ("", f"{FINDING}1 finding; nothing was built\n")
    assert not Path("pc.img").exists()


def test_plan(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "pc.vmdb"]) == 0
    out, err = capsys.readouterr()
    assert "policies" not in out
    assert err.startswith(f"{FINDING}1 finding\n")
    assert run(["plan", "allowed.vmdb"]) == 0
    out, err = capsys.readouterr()
    assert out.endswith(
        "\nAllowed in spite of policies\n"
        "  shadow (line 10): no-open-login\n"
        "    finding: root logs in without a password\n"
        "    reason: a locked room\n"
    )
    assert err == ""
    assert run(["plan", "allowed.vmdb", "--json"]) == 0
    (waiver,) = json.loads(capsys.readouterr().out)["waivers"]
    assert (waiver["line"], waiver["reason"]) == (10, "a locked room")
    assert run(["plan", "allowed.vmdb", "--html", "a.html"]) == 0
    page = Path("a.html").read_text()
    assert "<h2>Allowed in spite of policies</h2>" in page
    assert '<span class="value">a locked room</span>' in page
    assert run(["plan", "pc.vmdb", "--html", "a.html"]) == 0
    assert "A policy does not allow it (no-open-login):" in Path("a.html").read_text()


def test_reviewed_plans_have_the_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "allowed.vmdb", "--output", "a.plan"]) == 0
    assert run(["plan", "allowed.vmdb", "--check", "a.plan"]) == 0
    text = Path("allowed.vmdb").read_text().replace("a locked room", "nobody cares")
    Path("allowed.vmdb").write_text(text)
    assert run(["plan", "allowed.vmdb", "--check", "a.plan"]) == 2
    out = capsys.readouterr().out
    assert "-    reason: a locked room\n+    reason: nobody cares\n" in out


def test_diff(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", "other.py", "other.py"]) == 0
    assert capsys.readouterr() == ("", "")
    changed = RECIPE.replace("    create", f"    {WAIVER.replace('room', 'rack')}    create")
    Path("a").mkdir()
    Path("a/other.py").write_text(changed)
    assert run(["diff", "other.py", "a/other.py"]) == 2
    assert capsys.readouterr().out.splitlines()[3:] == [
        "Policies",
        "  shadow: no-open-login",
        "    reason: a locked room → a locked rack",
    ]


def test_mistakes_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    Path("pyproject.toml").write_text(RULES.replace("login", "logins"))
    assert run(["check", "pc.vmdb"]) == 3
    assert capsys.readouterr().err == (
        "pyproject.toml:2: there is no policy no-open-logins  [wrong-policy]\n"
        '     2 | policies = ["no-open-logins"]\n'
        "    did you mean no-open-login?\n"
        "1 mistake\n"
    )
