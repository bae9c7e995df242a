"""How mistakes look."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from vmdsl.cli.problems import describe, show_error, show_results
from vmdsl.errors import BuildError, HostError, Problem, RecipeError, UsageError, VmdslError, Where
from vmdsl.host.facts import Result


def shown(error: VmdslError, *, building: bool = False) -> str:
    console = Console(file=io.StringIO(), width=40, highlight=False)
    show_error(error, console, building=building)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_place_step_line_and_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = tmp_path / "recipes" / "a.py"
    recipe.parent.mkdir()
    recipe.write_text("one\n    return mkpart(disk())\n")
    problem = Problem(
        what=f"it is there already ({recipe}:1), and this text is longer than the console is wide",
        where=Where(recipe, 2),
        step="root",
        hint=f"use table()\nor look into {tmp_path}/recipes",
    )
    assert shown(RecipeError(problem)) == (
        "recipes/a.py:2: step root: it is there already (recipes/a.py:1), and this text is longer "
        "than the console is wide\n"
        "     2 | return mkpart(disk())\n"
        "    use table()\n"
        "    or look into recipes\n"
        "1 mistake\n"
    )


def test_column_is_marked(tmp_path: Path) -> None:
    recipe = tmp_path / "a.py"
    recipe.write_text("    x = nothing\n")
    lines = describe(Problem(what="?", where=Where(recipe, 1, 9)), Path.cwd())
    assert [line.plain for line in lines[1:]] == ["     1 | x = nothing", "             ^"]


@pytest.mark.parametrize("where", [Where(Path("/nowhere/a.py"), 1), Where(Path(__file__), 99999)])
def test_line_that_is_not_there(where: Where) -> None:
    assert len(describe(Problem(what="?", where=where), Path.cwd())) == 1


def test_whole_file(tmp_path: Path) -> None:
    recipe = tmp_path / "a.py"
    recipe.write_text("first\nlast\n")
    (line,) = describe(Problem(what="empty", where=Where(recipe)), tmp_path)
    assert line.plain == "a.py: empty"


LONG = "x = " + " + ".join(["something"] * 9)


@pytest.mark.parametrize(
    ("start", "end", "code", "mark"),
    [
        (4, 13, "x = something + something + some…", "    ^^^^^^^^^"),
        (64, 73, "…mething + something + something…", "           ^^^^^^^^^"),
        (100, 109, "…mething + something + something", " " * 23 + "^^^^^^^^^"),
        (100, -1, "…mething + something + something", " " * 23 + "^^^^^^^^^"),
        (-1, -1, "x = something + something + some…", None),
    ],
)
def test_long_line_is_cut_around_the_mark(
    tmp_path: Path, start: int, end: int, code: str, mark: str | None
) -> None:
    recipe = tmp_path / "a.py"
    recipe.write_text(f"  {LONG}\n")
    where = Where(recipe, 1, start=start + 2 * (start >= 0), end=end + 2 * (end >= 0))
    lines = describe(Problem(what="?", where=where), tmp_path, width=42)
    shown = [line.plain for line in lines[1:]]
    assert shown == [f"     1 | {code}", *([f"         {mark}"] if mark else [])]


def test_text_is_wrapped_and_commands_are_not() -> None:
    command = "As root: apt-get install " + "package " * 9
    problem = Problem(
        what="one two three four five six", code="no-room", hint=f"a b c d e f\n{command}"
    )
    lines = [line.plain for line in describe(problem, Path("/nowhere"), width=20)]
    assert lines == [
        "vmdsl: one two three",
        "    four five six",
        "    [no-room]",
        "    a b c d e f",
        f"    {command.rstrip()}",
    ]


def test_marks_count_characters(tmp_path: Path) -> None:
    recipe = tmp_path / "a.py"
    recipe.write_text("ü = nothing + 日本\n", encoding="utf-8")
    where = Where(recipe, 1, start=15, end=21)
    *_, mark = describe(Problem(what="?", where=where), tmp_path)
    assert mark.plain == " " * 9 + " " * 14 + "^^^^"


def test_code_ends_the_first_line() -> None:
    problem = Problem(what="one\nmore", code="no-room", hint="do it")
    lines = [line.plain for line in describe(problem, Path.cwd())]
    assert lines == ["vmdsl: one  [no-room]", "    more", "    do it"]


def test_markup_and_more_lines_are_shown_as_they_are() -> None:
    text = shown(BuildError("[red]no[/red] :smile:\n[1/2] last line"))
    assert text == "vmdsl: [red]no[/red] :smile:\n    [1/2] last line\n"


def test_directory_with_a_name_that_begins_alike_is_not_ours() -> None:
    (line,) = describe(Problem(what="/srv/apple/x /srv/app/x /mnt/srv/app/y"), Path("/srv/app"))
    assert line.plain == "vmdsl: /srv/apple/x x /mnt/srv/app/y"


@pytest.mark.parametrize(
    ("error", "building", "last"),
    [
        (RecipeError("a", "b", "c"), True, "3 mistakes; nothing was built"),
        (RecipeError("a"), False, "1 mistake"),
        (HostError("a", "b"), True, "2 problems; nothing was built"),
        (UsageError("a"), True, "vmdsl: a"),
    ],
)
def test_count(error: VmdslError, *, building: bool, last: str) -> None:
    assert shown(error, building=building).splitlines()[-1] == last


def test_place_in_yaml(tmp_path: Path) -> None:
    file = tmp_path / "pc.vmdb"
    file.write_text("steps:\n  - mkimg: 5\n")
    problem = Problem(what="no text", where=Where(file, 2, 12, "$.steps[0].mkimg"))
    assert [line.plain for line in describe(problem, tmp_path)] == [
        "pc.vmdb:2:12: $.steps[0].mkimg: no text",
        "     2 | - mkimg: 5",
        "                  ^",
    ]
    assert str(Where(file, 0, 0, "$")) == f"{file}: $"


WRONG = Problem(
    what="User namespaces are forbidden [0].", code="sandbox", hint="As root: " + "sysctl " * 30
)
FINE = Result(name="ids", detail="root [uses] its own")
WARNING = Result(name="space", problem=WRONG, fatal=False)
FATAL = Result(name="user namespaces", problem=WRONG)


def results_shown(*results: Result) -> list[str]:
    out = io.StringIO()
    show_results(results, Console(file=out, width=40))
    return out.getvalue().splitlines()


def test_brackets_stay_and_commands_are_not_wrapped() -> None:
    assert results_shown(FINE, WARNING, FATAL) == [
        "ok       ids              root [uses] its own",
        "warning  space            User namespaces are forbidden [0].  [sandbox]",
        f"    {WRONG.hint}",
        "problem  user namespaces  User namespaces are forbidden [0].  [sandbox]",
        f"    {WRONG.hint}",
        "1 problem keeps this machine from building images.",
    ]


def test_the_last_line() -> None:
    assert results_shown(FINE, WARNING)[-1] == "This machine can build images."
    assert results_shown(FATAL, FATAL)[-1] == "2 problems keep this machine from building images."
