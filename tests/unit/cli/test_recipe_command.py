"""A recipe's options on the command line, without a program being started."""

import os
import re
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from rich.text import Text
from typer._coercion import build_runtime_param
from typer.core import TyperGroup, TyperOption

from vmdsl.cli.app import make_app
from vmdsl.cli.main import run
from vmdsl.cli.options import literal
from vmdsl.cli.recipe_command import RecipeCommand, named_recipe
from vmdsl.errors import Problem, RecipeError
from vmdsl.machines import Arch
from vmdsl.plan.declarations import RESERVED
from vmdsl.plan.load import load
from vmdsl.values import GiB, Size, Suite

COMMANDS = ("build", "check", "plan", "to-yaml")

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
            (
                ["--size", "4"],
                "invalid value for '--size': 4 is a number of bytes  [usage]\n    did you mean 4G?",
            ),
            (["--size", "200%"], "invalid value for '--size': '200%' is not a size"),
            (["--siez", "8G"], "no such option: --siez  [usage]\n    did you mean --size"),
            (["--Size", "8G"], "no such option: --Size  [usage]\n    did you mean --size?\n"),
            (["--SUITE", "x"], "no such option: --SUITE  [usage]\n    did you mean --suite?\n"),
            (["--Format", "x"], "no such option: --Format  [usage]\n    did you mean --format?\n"),
            (["--no-size"], "no such option: --no-size"),
            (["--size"], "option '--size' requires an argument"),
            (["--uefi=yes"], "option '--uefi' does not take a value"),
            (
                ["--uefi", "yes"],
                "--uefi takes no value: yes  [usage]\n    write: --uefi or --no-uefi",
            ),
            (["--uefi", "False"], "--uefi takes no value: False"),
        ],
    )
    def test_refused(
        self, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["check", "server.py", *arguments]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith(f"vmdsl: {message}")

    @pytest.mark.parametrize(
        ("written", "hint"),
        [
            ("pinebok", "did you mean pinebook?"),
            ("visionfive2", "did you mean starfive_visionfive2?"),
            ("rock-pi", "did you mean rock-pi-4-rk3399 or rock-pi-e-rk3328?"),
            ("raspi", "see: vmdsl check board.py --help"),
        ],
    )
    def test_many_words_are_counted(
        self, written: str, hint: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Of 58 boards, a report has those that may be meant."""
        Path("board.py").symlink_to(Path(__file__).parents[3] / "recipes" / "board.py")
        assert run(["check", "board.py", "--board", written]) == 2
        what, below = capsys.readouterr().err.splitlines()
        assert what.startswith(f"vmdsl: invalid value for '--board': '{written}' is not one of its")
        assert what.endswith(" values  [usage]")
        assert below.strip() == hint

    @pytest.mark.parametrize(
        ("written", "hint"),
        [("arm46", "did you mean arm64?"), ("vax", "see: vmdsl check server.py --help")],
    )
    def test_a_word_that_was_meant(
        self, written: str, hint: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["check", "server.py", "--arch", written]) == 2
        assert capsys.readouterr().err.endswith(f"  [usage]\n    {hint}\n")

    def test_another_recipe(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["plan", "server.py", "other.py"]) == 2
        assert "got unexpected extra argument" in capsys.readouterr().err

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

    def test_flags_have_no_type(self, capsys: pytest.CaptureFixture[str]) -> None:
        text = self.help(capsys)
        assert "--size <Size> Size" in text
        assert "--uefi --no-uefi Boot" in text
        assert "--help -h Show" in text
        assert "RECIPE The recipe" in text

    @pytest.mark.parametrize("name", ["plan", "check"])
    def test_of_no_recipe(self, name: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert run([name, "-h"]) == 0
        out = capsys.readouterr().out
        of_plan = {"--json", "--seed", "--output", "--check", "--html"}
        own = {"--help", "--cache-dir", "--format", *(of_plan if name == "plan" else ())}
        options, _, more = out.partition(f"vmdsl {name} RECIPE --help")
        assert set(re.findall(r"--[\w-]+", options)) == own
        assert "shows the options of the recipe too" in more

    def test_recipe_that_cannot_be_loaded(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("server.py").write_text("1 / 0")
        assert "server.py cannot be loaded" in self.help(capsys)


def command(name: str) -> RecipeCommand:
    group = typer.main.get_command(make_app())
    assert isinstance(group, TyperGroup)
    made = group.commands[name]
    assert isinstance(made, RecipeCommand)
    return made


def found(name: str, arguments: Sequence[str]) -> str | None:
    """The recipe that a command finds among its arguments."""
    made = command(name)
    recipe = made.glimpse(None, arguments).recipe
    return None if recipe is None else str(recipe)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], None),
        (["-v", "--output=x.py"], None),
        (["server.py"], "server.py"),
        (["missing.py", "-o", "x"], "missing.py"),
        (["-o", "x", "missing"], "missing"),
        (["-ox", "missing"], "missing"),
        (["-vo", "x", "missing"], "missing"),
        (["--name", "value", "server.py"], "server.py"),
        (["--name", "server", "missing.py"], "server"),
        (["-o", "-v", "server.py"], "server.py"),
        (["--name", "--", "server.py"], "server.py"),
    ],
)
@pytest.mark.usefixtures("recipe")
def test_the_recipe_is_found(arguments: list[str], expected: str | None) -> None:
    assert found("build", arguments) == expected


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.usefixtures("recipe")
def test_a_value_is_not_taken_for_the_recipe(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every option that the help shows is followed by a value, or by none."""
    monkeypatch.setenv("COLUMNS", "200")
    Path("other.py").touch()
    Path("pc.vmdb").touch()
    assert run([name, "pc.vmdb", "--help"]) == 0
    shown = re.findall(r"(--[\w-]+)\s+(-\w)?\s+(\S+)", capsys.readouterr().out)
    assert len(shown) > len(["--variable", "--help"])
    for long, short, value in shown:
        for option in filter(None, (long, short)):
            takes_one = value.startswith("<") or value == "NAME=VALUE"
            expected = "other.py" if takes_one else "server.py"
            assert found(name, [option, "server.py", "other.py"]) == expected, option


@pytest.mark.parametrize("name", COMMANDS)
def test_an_option_of_a_recipe_cannot_have_the_name_of_another(name: str) -> None:
    """A flag has a second spelling, which begins with --no-."""
    options = [p for p in command(name).params if isinstance(p, TyperOption)]
    own = [p for p in options if p.rich_help_panel is None]
    spellings = {s.removeprefix("--") for p in own for s in p.opts if s.startswith("--")}
    taken = {s.replace("-", "_") for s in spellings}
    assert taken | {s.removeprefix("no_") for s in taken} <= RESERVED


def test_what_a_recipe_prints_is_no_part_of_our_output(
    recipe: Path, planned: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    recipe.write_text("print('hello')")
    run(["check", "server.py"])
    assert planned["loaded"]
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("hello\n")


@pytest.mark.parametrize("text", ["[a]", "[/a]", "\\[a]", ":smile:", "a:b:c", "100 %"])
def test_literal(text: str) -> None:
    assert Text.from_markup(f"[dim]{literal(text)}[/dim]").plain == text


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


@pytest.mark.usefixtures("recipe")
def test_mypy_is_ended_where_the_arguments_are_wrong(checks: list[Any]) -> None:
    assert run(["check", "server.py", "--frob"]) == 2
    (begun,) = checks
    assert begun.ended


@pytest.mark.parametrize(
    "arguments", [["missing.py"], ["server.py", "--help"], ["server.py", "-h"], ["--help"]]
)
@pytest.mark.usefixtures("recipe")
def test_mypy_is_not_begun_for_help_or_nothing(arguments: list[str], checks: list[Any]) -> None:
    run(["check", *arguments])
    assert checks == []


class TestSeveral:
    @pytest.fixture(autouse=True)
    def _recipes(self, recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def make_plan(path: Path, values: Any, *, loaded: object, **_: Any) -> Any:
            assert (values, loaded) == ({}, None)
            if load(path).names.get("wrong"):
                raise RecipeError(Problem(what="it is wrong"), Problem(what="and more"))
            return SimpleNamespace(recipe=path, obstacles=(), warnings=(), findings=())

        import_module("vmdsl.vmdb2.load")  # which is to keep the real one
        monkeypatch.setattr("vmdsl.plan.plan.make_plan", make_plan)
        for folder in ("one", "two"):
            recipe.with_name(folder).mkdir()
            recipe.with_name(folder).joinpath("common.py").write_text(f"wrong = {folder == 'two'}")
            recipe.with_name(folder).joinpath("pc.py").write_text("from common import wrong\n")

    def test_each_has_a_report(self, capsys: pytest.CaptureFixture[str]) -> None:
        before = list(sys.path)
        assert run(["check", "one/pc.py", "two/pc.py", "server.py"]) == 3
        out, err = capsys.readouterr()
        assert out == "one/pc.py: no mistakes\nserver.py: no mistakes\n"
        assert err == "vmdsl: it is wrong\nvmdsl: and more\ntwo/pc.py: 2 mistakes\n"
        assert sys.path == before

    @pytest.mark.parametrize(
        ("recipes", "code"),
        [
            (["one/pc.py", "server.py"], 0),
            (["one/pc.py", "gone.py"], 2),
            (["gone.py", "two/pc.py"], 3),
            (["two/pc.py", "gone.py", "."], 3),
        ],
    )
    def test_the_worst_code_counts(self, recipes: list[str], code: int) -> None:
        assert run(["check", *recipes, "--cache-dir", "there"]) == code

    def test_specifications_may_be_among_them(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("pc.vmdb").write_text("steps:\n- mkimg: x\n  size: 1\n  misspelt: 1\n")
        assert run(["check", "pc.vmdb", "server.py"]) == 3
        out, err = capsys.readouterr()
        assert out == "server.py: no mistakes\n"
        assert re.search(r"^pc\.vmdb: \d mistakes?$", err, re.MULTILINE)

    @pytest.mark.parametrize(
        "options", [["--suite", "sid"], ["--no-uefi"], ["--lenient"], ["--variable", "a=b"]]
    )
    def test_they_have_no_options(
        self, options: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(["check", "server.py", "one/pc.py", *options]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith(
            "vmdsl: 2 recipes are named, so none can have options of its own  [usage]\n"
        )

    def test_only_the_one_that_cannot_be_loaded(self, planned: dict[str, Any]) -> None:
        Path("server.py").write_text("def broken(:")
        assert run(["check", "server.py", "--suite", "sid"]) == 1
        assert planned["path"] == Path("server.py")


class TestInstalled:
    """Recipes that an installed package offers by name."""

    @pytest.fixture(autouse=True)
    def place(self, recipe: Path, install: Callable[..., Path]) -> Path:
        return install("acme_one", source=recipe.read_text())

    @pytest.mark.parametrize("command", COMMANDS)
    def test_is_named_without_a_path(
        self, command: str, place: Path, planned: dict[str, Any], checks: list[Any]
    ) -> None:
        assert run([command, "--host-name", "one", "acme-server", "--size", "8G"]) == 1
        assert planned["path"] == place / "acme_one/server.py"
        assert planned["values"] == {"host_name": "one", "size": GiB(8)}
        assert checks[0].path == planned["path"]

    def test_the_image_has_its_name(self) -> None:
        named = named_recipe("acme-server")
        assert named.stem == str(named) == "acme-server"

    def test_a_file_comes_before_it(self, planned: dict[str, Any]) -> None:
        Path("acme-server").write_text("from vmdsl import step\n")
        assert run(["check", "acme-server"]) == 2  # as its name does not end with .py
        assert planned == {}

    def test_help_has_its_options(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["build", "acme-server", "--help"]) == 0
        assert "─ Options of acme-server ─" in capsys.readouterr().out

    @pytest.mark.parametrize("command", ["check", "build", "diff"])
    def test_a_misspelt_name(self, command: str, capsys: pytest.CaptureFixture[str]) -> None:
        run([command, "acme-sever", *(["server.py"] if command == "diff" else [])])
        said = (
            "vmdsl: there is no recipe acme-sever  [no-such-file]\n    did you mean acme-server?\n"
        )
        assert capsys.readouterr().err == said

    def test_of_two_packages(
        self, install: Callable[..., Path], capsys: pytest.CaptureFixture[str]
    ) -> None:
        install("acme_two")
        for words in (["check", "acme-server"], ["diff", "acme-server", "server.py"]):
            run(words)
            assert "two packages offer a recipe acme-server" in capsys.readouterr().err


def test_typer_is_asked_to_convert_only_what_it_must(
    recipe: Path, planned: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It imports pydantic for that, which takes a fifth of the time of a command."""
    converted: list[Any] = []

    def note(descriptor: Any) -> Any:
        converted.append(descriptor.annotation)
        return build_runtime_param(descriptor)

    monkeypatch.setattr("typer.core.build_runtime_param", note)
    words = ("--size", "8G", "--suite", "sid", "--host-name", "a", "--kept", "b.tar", "--no-uefi")
    assert run(["plan", str(recipe), *words, "--cache-dir", "c"]) == 1
    assert planned["values"] == {
        "size": GiB(8),
        "suite": Suite("sid"),
        "host_name": "a",
        "kept": Path("b.tar").absolute(),
        "uefi": False,
    }
    assert converted == []
    assert run(["plan", str(recipe), "--count", "2"]) == 1
    assert planned["values"] == {"count": 2}
    assert converted == [int]


def test_a_file_that_cannot_be_read_is_refused(
    recipe: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("secret.plan").write_text("")
    monkeypatch.setattr(os, "access", lambda *_, **__: False)  # as root may read all
    assert run(["plan", str(recipe), "--check", "secret.plan"]) == 1
    assert "'--check': path 'secret.plan' is not readable" in capsys.readouterr().err
