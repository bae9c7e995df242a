"""`--format`: one document on standard output, and the exit codes of the text."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from translations import ABOVE
from vmdsl.cli.main import run
from vmdsl.cli.reporting import format_of

WRONG = "steps:\n- mkimg: x\n  size: 1\n  misspelt: 1\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    Path("right.vmdb").write_text(f"steps:\n{ABOVE['system']}")
    Path("wrong.vmdb").write_text(WRONG)


def report(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["check", "x.py"], "text"),
        (["check", "x.py", "--format", "json"], "json"),
        (["build", "x.py", "--format=sarif"], "sarif"),
        (["check", "--format", "json", "x.py", "--format", "github"], "github"),
        (["check", "x.py", "--format", "jsno"], "text"),
        (["check", "x.py", "--format"], "text"),
        (["check", "x.py", "--format", "json", "--help"], "text"),
        (["plan", "x.py", "--format", "json"], "json"),
        (["diff", "x.py", "y.py", "--format", "json"], "text"),
        ([], "text"),
    ],
)
def test_the_format_that_is_asked_for(arguments: list[str], found: str) -> None:
    assert format_of(arguments) == found


def test_a_right_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "right.vmdb", "--format", "json"]) == 0
    assert capsys.readouterr() == (
        '{\n  "format_version": 1,\n  "exit_code": 0,\n  "problems": []\n}\n',
        "",
    )
    assert run(["check", "right.vmdb", "--format", "github"]) == 0
    assert capsys.readouterr() == ("", "")


def test_mistakes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "wrong.vmdb"]) == 3
    text = capsys.readouterr().err
    assert run(["check", "wrong.vmdb", "--format", "json"]) == 3
    out, err = capsys.readouterr()
    assert err == ""
    found = json.loads(out)
    assert found["exit_code"] == 3
    for one in found["problems"]:
        assert one["file"] == "wrong.vmdb"
        assert one["what"].splitlines()[0] in text


def test_several_recipes_have_one_report(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["wrong.vmdb", "right.vmdb", "gone.py"]
    assert run(["check", *names, "--format", "json"]) == 3
    files = {(one["file"], one["level"]) for one in report(capsys)["problems"]}
    assert files == {("wrong.vmdb", "error"), ("gone.py", "error")}


def test_a_build_reports_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build", "wrong.vmdb", "--output", "a.img", "--format", "github"]) == 3
    out, err = capsys.readouterr()
    assert out.startswith("::error file=wrong.vmdb,line=")
    assert err == ""
    assert run(["build", "wrong.vmdb", "--refresh", "--offline", "--format", "json"]) == 3


def test_a_plan_reports_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "wrong.vmdb", "--format", "github"]) == 3
    assert capsys.readouterr().out.startswith("::error file=wrong.vmdb,line=")
    assert run(["plan", "right.vmdb", "--format", "json"]) == 0
    assert report(capsys)["problems"] == []
    assert run(["plan", "right.vmdb", "--json", "--format", "json"]) == 2
    assert "give one" in report(capsys)["problems"][0]["what"]


def test_a_plan_that_has_changed_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "right.vmdb", "--output", "a.plan"]) == 0
    check = ["plan", "right.vmdb", "--check", "a.plan", "--format", "json"]
    capsys.readouterr()
    assert run(check) == 0
    assert report(capsys)["problems"] == []
    Path("right.vmdb").write_text(Path("right.vmdb").read_text().replace("4G", "5G"))
    assert run(check) == 2
    found = report(capsys)
    assert [one["code"] for one in found["problems"]] == ["plan-changed"]
    assert found["exit_code"] == 2
    assert run([*check[:3], "gone.plan", *check[4:]]) == 1


def test_warnings_of_a_specification_are_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.vmdb").write_text(
        Path("right.vmdb").read_text().replace("trixie", "wheezy")
        + "- create-file: /etc/issue\n  contents: |\n    a\n"
    )
    assert run(["check", "a.vmdb", "--format", "json"]) == 0
    lines = [one["line"] for one in report(capsys)["problems"]]
    assert lines == sorted(lines)
    assert len(lines) > 1


def test_the_command_line_may_be_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "right.vmdb", "--zonk", "--format", "json"]) == 2
    (problem,) = report(capsys)["problems"]
    assert (problem["file"], problem["code"]) == (None, "usage")
    assert run(["check", "right.vmdb", "--format", "jsno"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "jsno" in err


def test_policies(capsys: pytest.CaptureFixture[str]) -> None:
    Path("pyproject.toml").write_text('[tool.vmdsl]\npolicies = ["no-open-login"]\n')
    text = Path("right.vmdb").read_text()
    opened = '- create-file: /etc/shadow\n  contents: "root::1"\n'
    Path("right.vmdb").write_text(
        f"{text}{opened}# vmdsl: allow no-open-login: ours\n{opened.replace('shadow', 'passwd')}"
    )
    assert run(["check", "right.vmdb", "--format", "sarif"]) == 3
    first, second = report(capsys)["runs"][0]["results"]
    assert sorted([len(first.get("suppressions", ())), len(second.get("suppressions", ()))]) == [
        0,
        1,
    ]
    assert first["ruleId"] == "no-open-login"


def test_columns(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    stub = "vmdsl.plan.typecheck.TypeCheck.problems"
    monkeypatch.setattr(stub, lambda _: [], raising=False)
    Path("pc.py").write_text(
        "from vmdsl import *\n\n@step\ndef root() -> Mounted[Ext4]:\n"
        '    ä = "ä"; return mount(mkext4(mkpart(mkgpt(mkimg(GiB(2)))), label="x" * 99))\n'
    )
    assert run(["check", "pc.py", "--format", "github"]) == 3
    assert "file=pc.py,line=5,col=" in capsys.readouterr().out


def test_names_are_relative_to_the_workspace(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Path("images").mkdir()
    Path("images/wrong.vmdb").write_text(WRONG)
    monkeypatch.chdir("images")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    run(["check", "wrong.vmdb", "--format", "github"])
    assert "file=images/wrong.vmdb," in capsys.readouterr().out
    run(["check", "wrong.vmdb", "--format", "json"])
    assert report(capsys)["problems"][0]["file"] == "wrong.vmdb"
