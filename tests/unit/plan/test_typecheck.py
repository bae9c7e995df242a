from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from vmdsl import programs
from vmdsl.plan.typecheck import TypeCheck, hidden_packages, mypy_command, read_messages


def message(file: Path, line: int, column: int, end: int, text: str, **more: object) -> str:
    return json.dumps(
        {
            "file": str(file),
            "line": line,
            "column": column,
            "end_line": line,
            "end_column": end,
            "message": text,
            "hint": None,
            "code": "arg-type",
            "severity": "error",
            **more,
        }
    )


def test_messages(tmp_path: Path) -> None:
    recipe = tmp_path / "r.py"
    recipe.write_text("größe(disk)\n", encoding="utf-8")
    lines = [
        "a line that is no JSON",
        message(recipe, 9, 0, 1, "last", code="misc", hint='"f" defined in "acme"'),
        message(recipe, 8, 0, 1, "a note", severity="note"),
        message(recipe, 1, 8, 12, 'has incompatible type "Step[Disk]"; expected "Disk"'),
        message(recipe, -1, -1, -1, "the file", code=None, hint='"f" defined in "vmdsl.x"'),
    ]
    whole, step, last = read_messages("\n".join(lines), Path())
    assert (str(whole.where), whole.what, whole.hint) == (str(recipe), "the file", "")
    assert step.code == "call-it"
    assert step.hint == "call it: disk()"
    assert (str(last.where), last.hint) == (f"{recipe}:9", '"f" defined in "acme"')


def test_a_compared_option_is_found_though_mypy_marks_a_part_of_it(tmp_path: Path) -> None:
    recipe = tmp_path / "r.py"
    recipe.write_text("if number > 2:\n    pass\n", encoding="utf-8")
    said = 'Unsupported operand types for < ("int" and "Option[int]")'
    (found,) = read_messages(message(recipe, 1, 3, 4, said, code="operator"), Path())
    assert found.hint == "call it: number()"


def test_what_follows_from_another_message_is_left_out(tmp_path: Path) -> None:
    recipe = tmp_path / "r.py"
    lines = [
        message(recipe, 1, 0, 1, "Function is missing a type annotation", code="no-untyped-def"),
        message(recipe, 2, 0, 1, 'Untyped decorator makes "k" untyped', code="untyped-decorator"),
        message(recipe, 3, 0, 5, '"apt" does not return a value', code="func-returns-value"),
        message(recipe, 3, 0, 9, '"None" has no attribute "wait"', code="attr-defined"),
        message(recipe, 4, 0, 9, '"None" has no attribute "wait"', code="attr-defined"),
    ]
    found = read_messages("\n".join(lines), Path())
    assert [problem.where and problem.where.line for problem in found] == [1, 3, 4]


def test_a_file_that_cannot_be_parsed_has_one_message(tmp_path: Path) -> None:
    said = [message(tmp_path / "a.py", line, 0, 1, "no", code="syntax") for line in (4, 5)]
    said += [message(tmp_path / "b.py", 1, 0, 1, "no", code="syntax")]
    found = read_messages("\n".join(said), Path())
    assert [str(p.where) for p in found] == [f"{tmp_path}/a.py:4", f"{tmp_path}/b.py:1"]


def test_a_module_that_hides_vmdsl(tmp_path: Path) -> None:
    recipe = tmp_path / "r.py"
    assert hidden_packages(recipe) == ()
    (tmp_path / "vmdsl").mkdir()
    assert hidden_packages(recipe) == ()  # a folder is not a package
    (tmp_path / "vmdsl/__init__.py").touch()
    (tmp_path / "vmdsl_stdlib.py").touch()
    assert [str(problem).partition("\n")[0] for problem in hidden_packages(recipe)] == [
        f"{recipe}: vmdsl/__init__.py beside the recipe hides the package vmdsl",
        f"{recipe}: vmdsl_stdlib.py beside the recipe hides the package vmdsl_stdlib",
    ]
    (tmp_path / "vmdsl/py.typed").touch()  # as that of vmdsl itself
    assert len(hidden_packages(recipe)) == 1


def test_modules_beside_the_recipe_are_checked_too(tmp_path: Path) -> None:
    texts = {
        "recipe": "import one\nfrom vmdsl import step\nfrom package import x\nimport json\n",
        "one": "def f():\n    from two import x\n",
        "two": "import recipe, one\n",
        "three": "",
        "vmdsl": "",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    (tmp_path / "package").mkdir()
    (tmp_path / "package/__init__.py").write_text("from . import three", encoding="utf-8")
    command = mypy_command(tmp_path, tmp_path / "recipe.py")
    assert [str(Path(c).relative_to(tmp_path)) for c in command if c.endswith(".py")] == [
        "recipe.py",
        "one.py",
        "package/__init__.py",
        "two.py",
    ]


def test_recipe_that_cannot_be_parsed(tmp_path: Path) -> None:
    (tmp_path / "recipe.py").write_text("def f(:", encoding="utf-8")
    assert mypy_command(tmp_path, tmp_path / "recipe.py")[-1] == str(tmp_path / "recipe.py")


def test_mypy_itself_is_not_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Mapping[str, str]] = []

    def start(_: object, *, env: Mapping[str, str], **__: object) -> None:
        given.append(env)

    monkeypatch.setattr(programs, "start", start)
    monkeypatch.setenv("COVERAGE_PROCESS_CONFIG", "it")
    monkeypatch.setenv("ANOTHER", "one")
    (tmp_path / "recipe.py").write_text("", encoding="utf-8")
    TypeCheck(tmp_path / "recipe.py", tmp_path / "cache")
    (env,) = given
    assert "COVERAGE_PROCESS_CONFIG" not in env
    assert env["ANOTHER"] == "one"
