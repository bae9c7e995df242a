"""The commands of explanations print what these show, and start no build."""

from __future__ import annotations

import doctest
import shlex
from pathlib import Path

import pytest

from shown import commands, fits
from vmdsl import programs
from vmdsl.cli.main import run
from vmdsl.explanations.codes import Example, explanations
from vmdsl.plan.typecheck import Untyped

PC = """\
from vmdsl import Disk, Ext4, GiB, Mounted, RootFs, debootstrap, mkext4, mkgpt, mkimg, mkpart
from vmdsl import mount, option, step

size = option(GiB(4), help="the size of the disk")


@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(mkimg(size())))))


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie")
"""
#: The commands that prepare the folder, by the name behind `after=`.
BEFORE = {
    "pc": (),
    "plan": ("vmdsl plan pc.py --output pc.plan",),
    "git": (
        "git init --quiet --initial-branch=main",
        "git add pc.py",
        "git -c user.name=a -c user.email=a@vmdsl.example commit --quiet -m a",
    ),
}


def examples(*languages: str) -> list[object]:
    return [
        pytest.param(code, example, id=f"{code}-{'wrong' if example.is_wrong else 'right'}")
        for code, explanation in explanations().items()
        for example in explanation.examples
        if example.language in languages and (example.after or example.language == "toml")
    ]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("VMDSL_CACHE", str(tmp_path / "cache"))
    for module in ("plan", "typecheck"):
        monkeypatch.setattr(f"vmdsl.plan.{module}.TypeCheck", lambda *_: Untyped())
    for name in ("pc.py", "pc.recipe"):
        Path(name).write_text(PC, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(("code", "example"), examples("console"))
def test_command(
    code: str, example: Example, capsys: pytest.CaptureFixture[str], started: list[list[str]]
) -> None:
    for command in BEFORE[example.after]:
        program, *arguments = shlex.split(command)
        assert run(arguments) == 0 if program == "vmdsl" else programs.run([program, *arguments]).ok
    capsys.readouterr()
    for command, shown in commands(example.code):
        program, *arguments = shlex.split(command)
        assert program == "vmdsl"
        done = run(arguments)
        printed = "".join(capsys.readouterr())
        assert fits(shown, printed), printed
        assert (done == 0) is (f"[{code}]" not in printed)
        assert example.is_wrong is (done != 0)
    assert {command[0] for command in started} <= {"git"}


@pytest.mark.parametrize(("code", "example"), examples("pycon"))
def test_python(code: str, example: Example) -> None:
    test = doctest.DocTestParser().get_doctest(example.code, {}, code, None, None)
    failed, tried = doctest.DocTestRunner(verbose=False).run(test)
    assert (failed, tried) == (0, len(test.examples))


@pytest.mark.parametrize(("code", "example"), examples("toml"))
def test_project(code: str, example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    Path("pyproject.toml").write_text(example.code, encoding="utf-8")
    done = run(["check", "pc.py"])
    printed = "".join(capsys.readouterr())
    assert example.is_wrong is (done != 0) is (f"[{code}]" in printed), printed
