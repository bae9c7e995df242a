"""The list of recipes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from vmdsl.cli.main import run

RECIPE = '"""A {}."""\nfrom vmdsl import step\n\n@step\ndef disk() -> None: ...\n'


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["list", *arguments]) == 0
    return capsys.readouterr().out


def test_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert "To write one: vmdsl new" in listed(capsys)
    assert json.loads(listed(capsys, "--json")) == {"format_version": 1, "recipes": []}


def test_here_and_of_packages(
    install: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    place = install("acme_three")
    Path("recipes").mkdir()
    Path("pc.py").write_text(RECIPE.format("PC"))
    Path("recipes/server.py").write_text(RECIPE.format("server"))
    Path("recipes/wrong.py").write_text("import vmdsl\nx = (")
    assert listed(capsys).splitlines() == [
        "Recipes here",
        "  pc.py              A PC.",
        "  recipes/server.py  A server.",
        "  recipes/wrong.py   it cannot be read: syntax error in line 2",
        "",
        "Recipes of installed packages",
        "  acme-server  A machine. (acme_three 1.0)",
    ]
    first, *_, last = json.loads(listed(capsys, "--json"))["recipes"]
    assert first == {
        "name": "pc.py",
        "file": str(Path.cwd() / "pc.py"),
        "description": "A PC.",
        "package": None,
        "version": None,
        "problem": None,
    }
    assert last["file"] == str(place / "acme_three/server.py")
    assert (last["package"], last["version"]) == ("acme_three", "1.0")
