"""A recipe's options on the command line, without a program being started."""

import re
from pathlib import Path
from typing import Any

import pytest
from rich.text import Text

from vmdsl.cli import app, main
from vmdsl.cli.flags import WITH_VALUE, find_recipe, looking_ahead
from vmdsl.cli.main import run
from vmdsl.cli.markup import literal
from vmdsl.machines import Arch
from vmdsl.values import GiB, Size, Suite

RECIPE = r"""
from vmdsl import Arch, GiB, Suite, flag, option, optional_path

size = option(GiB(4), help="Size [in bytes], see [bold]x[/bold], :smile: or \\")
suite = option(Suite("trixie"), help="Release of Debian.")
arch = option(Arch.AMD64, help="Processor.")
host_name = option("debian", help="Name.")
count = option(1, help="How many.")
kept = optional_path(help="A tarball.")
uefi = flag(default=True, help="Boot with UEFI.")
serial_console = flag(default=False, help="Use the serial port.")
verbose = option("", help="This name is taken.")
"""


class Planned(Exception):  # noqa: N818 (ends a command where the plan would be made)
    pass


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    path = tmp_path / "server.py"
    path.write_text(RECIPE)
    return path


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What make_plan was given."""
    given: dict[str, Any] = {}

    def make_plan(path: Path, values: Any, **others: Any) -> None:
        given.update(others, path=path, values=values)
        raise Planned

    monkeypatch.setattr("vmdsl.plan.plan.make_plan", make_plan)
    return given


@pytest.mark.usefixtures("recipe")
class TestValues:
    @pytest.mark.parametrize(
        ("arguments", "values"),
        [
            ([], {}),
            (["--size", "8G"], {"size": GiB(8)}),
            (
                ["--size=512M", "--suite", "bookworm"],
                {"size": Size(2**29), "suite": Suite("bookworm")},
            ),
            (["--arch", "arm64"], {"arch": Arch.ARM64}),
            (["--host-name", "[x]"], {"host_name": "[x]"}),
            (["--host-name", ""], {"host_name": ""}),
            (["--count", "0"], {"count": 0}),
            (["--kept", "/srv/kept.tar"], {"kept": Path("/srv/kept.tar")}),
            (["--no-uefi"], {"uefi": False}),
            (["--uefi", "--serial-console"], {"uefi": True, "serial_console": True}),
        ],
    )
    @pytest.mark.parametrize("command", ["build", "check", "plan"])
    def test_given(
        self, command: str, arguments: list[str], values: Any, planned: dict[str, Any]
    ) -> None:
        assert run([command, "server.py", *arguments]) == 1
        assert planned["values"] == values
        assert planned["loaded"].path.name == "server.py"

    def test_before_the_recipe(self, planned: dict[str, Any]) -> None:
        run(["build", "--size", "8G", "-o", "x.img", "--seed", "s", "server.py"])
        assert planned["values"] == {"size": GiB(8)}
        assert planned["seed"] == "s"

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--size", "8Q"], "invalid value for '--size': '8Q' is not a size"),
            (["--suite", "A b"], "invalid value for '--suite': 'A b' is not the name of a suite"),
            (["--arch", "amd46"], "invalid value for '--arch': 'amd46' is not one of 'amd64'"),
            (["--count", "x"], "invalid value for '--count'"),
            (["--siez", "8G"], "no such option: --siez\n    did you mean --size"),
            (["--no-size"], "no such option: --no-size"),
            (["--size"], "option '--size' requires an argument"),
            (["other.py"], "got unexpected extra argument"),
            (["--uefi=yes"], "option '--uefi' does not take a value"),
        ],
    )
    def test_refused(
        self, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["check", "server.py", *arguments]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith(f"vmdsl: {message}")

    def test_recipe_that_cannot_be_loaded_is_planned_nonetheless(
        self, planned: dict[str, Any]
    ) -> None:
        Path("server.py").write_text("def broken(:")
        run(["check", "server.py", "--size", "8G"])
        assert planned["path"] == Path("server.py")
        assert planned["values"] == {}
        assert planned["loaded"] is None


@pytest.mark.usefixtures("recipe")
class TestHelp:
    def help(self, capsys: pytest.CaptureFixture[str], command: str = "build") -> str:
        assert run([command, "server.py", "--help"]) == 0
        return re.sub(r"[\s│]+", " ", capsys.readouterr().out)

    def test_options_have_a_panel_of_their_own(self, capsys: pytest.CaptureFixture[str]) -> None:
        text = self.help(capsys)
        before, _, after = text.partition("─ Options of server.py ─")
        assert "--output -o" in before
        assert "--size" not in before
        assert "--suite" in after
        assert "Release of Debian. [default: trixie]" in after
        assert "--uefi --no-uefi" in after
        assert "Boot with UEFI. [default: on]" in after
        assert "Use the serial port. [default: off]" in after
        assert "A tarball. [default: none]" in after
        assert "This name is taken" not in after

    def test_help_is_shown_as_it_stands(self, capsys: pytest.CaptureFixture[str]) -> None:
        text = self.help(capsys, "plan")
        assert "Size [in bytes], see [bold]x[/bold], :smile: or \\ [default: 4 GiB]" in text

    def test_recipe_that_cannot_be_loaded(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("server.py").write_text("1 / 0")
        assert "server.py cannot be loaded" in self.help(capsys)


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ([], None),
        (["-v", "--output=x.py"], None),
        (["server.py"], "server.py"),
        (["missing.py", "-o", "x"], "missing.py"),
        (["-o", "x", "missing"], "missing"),
        (["--name", "value", "server.py"], "server.py"),
        (["--name", "server", "missing.py"], "server"),
        (["-o", "-v", "server.py"], "server.py"),
    ],
)
@pytest.mark.usefixtures("recipe")
def test_find_recipe(arguments: list[str], found: str | None) -> None:
    assert find_recipe(arguments) == (None if found is None else Path(found))


def test_own_options_with_a_value_are_known(capsys: pytest.CaptureFixture[str]) -> None:
    shown = set()
    for command in ("build", "check", "plan"):
        assert run([command, "--help"]) == 0
        for line in capsys.readouterr().out.splitlines():
            if match := re.search(r"(--[\w-]+)\s+(-\w)?\s+<(?!bool)", line):
                shown |= {name for name in match.groups() if name}
    assert shown | {"--variable"} == WITH_VALUE


def test_what_a_recipe_prints_is_no_part_of_our_output(
    recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe.write_text("print('hello')")
    with looking_ahead(["server.py"]) as ahead:
        assert ahead
        assert ahead.recipe
    assert capsys.readouterr() == ("", "hello\n")


@pytest.mark.parametrize("text", ["[a]", "[/a]", "\\[a]", ":smile:", "a:b:c", "100 %"])
def test_literal(text: str) -> None:
    assert Text.from_markup(f"[dim]{literal(text)}[/dim]").plain == text


def test_commands_are_those_with_a_recipe() -> None:
    for name in main._WITH_RECIPE:
        assert name in getattr(app, name.replace("-", "_")).__name__.replace("_", "-")


@pytest.mark.parametrize(
    ("arguments", "cache"),
    [
        (["--cache-dir", "/there"], Path("/there/mypy")),
        (["--cache-dir=/there"], Path("/there/mypy")),
        ([], Path("/own/mypy")),
        (["--cache-dir"], Path("/own/mypy")),
    ],
)
@pytest.mark.usefixtures("recipe")
def test_mypy_begins_at_once_and_is_ended(
    arguments: list[str],
    cache: Path,
    planned: dict[str, Any],
    checks: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VMDSL_CACHE", "/own")
    run(["check", "server.py", *arguments])
    (begun,) = checks
    assert (begun.path, begun.cache, begun.ended) == (Path("server.py"), cache, True)
    assert planned.get("types", begun) is begun


@pytest.mark.parametrize("arguments", [["missing.py"], ["server.py", "--help"], ["--help"]])
@pytest.mark.usefixtures("recipe")
def test_mypy_is_not_begun_for_help_or_nothing(arguments: list[str], checks: list[Any]) -> None:
    run(["check", *arguments])
    assert checks == []
