"""`vmdsl diff` of files. Revisions are in tests/integration/test_diff.py, as they need git."""

import json
import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from translations import ABOVE
from vmdsl.cli.diff import FORMAT_VERSION, SCHEMA, as_json, lines
from vmdsl.cli.main import compares, run
from vmdsl.review.compare import GROUPS, Change, Detail, compare
from vmdsl.review.outline import read

RECIPES = Path(__file__).parents[3] / "recipes"

RECIPE = """
from vmdsl import *
from sizes import size

@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(mkimg(GiB(size))))))
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    for folder, size in (("a", 2), ("b", 3)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "pc.py").write_text(RECIPE)
        (tmp_path / folder / "sizes.py").write_text(f"size = {size}\n")
    Path("pc.vmdb").write_text(f"steps:\n{ABOVE['system']}", encoding="utf-8")
    return tmp_path


def test_equal(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", "a/pc.py", "a/pc.py"]) == 0
    assert run(["diff", "pc.vmdb", "pc.vmdb"]) == 0
    assert capsys.readouterr() == ("", "")


def test_recipes_with_modules_of_the_same_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", "a/pc.py", "b/pc.py"]) == 2
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines() == [
        "--- a/pc.py",
        "+++ b/pc.py",
        "",
        "Disk",
        "  root: image of 2 GiB → image of 3 GiB",
        "    size: 4194304 sectors → 6291456 sectors",
        "  root: partition 1, linux",
        "    size: 4190208 sectors (2046 MiB) → 6287360 sectors (3070 MiB)",
    ]


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["diff", "a/pc.py", "b/pc.py", "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert document.pop("format_version") == 1
    assert (document["before"], document["after"]) == ("a/pc.py", "b/pc.py")
    disk, root = document["changes"]
    assert (disk["group"], disk["kind"], disk["step"]) == ("disk", "changed", "root")
    assert root["details"] == [
        {
            "name": "size",
            "before": "4190208 sectors (2046 MiB)",
            "after": "6287360 sectors (3070 MiB)",
            "diff": [],
        }
    ]
    assert run(["diff", "a/pc.py", "a/pc.py", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changes"] == []


def objects(schema: Any) -> Iterator[Any]:
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for inner in schema.values():
            yield from objects(inner)


def test_the_schema_leaves_no_field_open() -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["properties"]["format_version"]["const"] == FORMAT_VERSION
    assert schema["properties"]["changes"]["items"]["properties"]["group"]["enum"] == [*GROUPS]
    for one in objects(schema):
        assert one["additionalProperties"] is False
        assert one["required"] == list(one["properties"])


@pytest.mark.parametrize("names", [*combinations(("hybrid", "cloud", "ansible", "ci_worker"), 2)])
def test_json_is_as_its_schema_says(names: tuple[str, str]) -> None:
    plans = [read((RECIPES / f"{name}.plan").read_text("utf-8")) for name in names]
    for before, after in (plans, plans[::-1]):
        document = json.loads(as_json("a", "b", compare(before, after)))
        jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(document)
        assert document["changes"]


def test_plans_and_specifications(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "pc.vmdb", "--output", "pc.plan"]) == 0
    assert run(["diff", "pc.vmdb", "pc.plan"]) == 0
    text = Path("pc.plan").read_text("utf-8").replace("suite: trixie", "suite: bookworm")
    Path("old.plan").write_text(text, encoding="utf-8")
    assert run(["diff", "old.plan", "pc.vmdb"]) == 2
    assert "    suite: bookworm → trixie\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a/pc.py"], "missing argument"),
        (["a/pc.py", "c.py"], "there is no recipe c.py"),
        (["a/pc.py", "c.plan"], "there is no plan c.plan"),
        (["a/pc.py", "-"], "vmdsl diff reads no standard input"),
        (["a/pc.py", "wrong.py"], "wrong.py:1: NameError"),
        (["a/pc.py", "a/pc.py", "--frob"], "no such option"),
    ],
)
def test_every_error_is_1(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("wrong.py").write_text("frob()\n")
    assert run(["diff", *words]) == 1
    assert message in capsys.readouterr().err
    assert compares(["diff", *words])


def change(*details: Detail, kind: Any = "changed") -> Change:
    return Change(group="files", kind=kind, step="motd", summary="create it", details=details)


def shown(*changes: Change) -> list[str]:
    return list(lines("a", "b", changes))[4:]


def test_a_diff_is_indented_and_its_signs_are_in_the_first_column() -> None:
    diff = ("@@ -1 +1 @@", "-one", "+two", " ")
    assert shown(change(Detail(name="content", before="", after="", diff=diff))) == [
        "  motd: create it",
        "    content:",
        "      @@ -1 +1 @@",
        "-     one",
        "+     two",
        "",
    ]


def test_long_values_are_in_two_lines() -> None:
    detail = Detail(name="uuid", before="a" * 36, after="b" * 36)
    assert shown(change(detail))[1:] == [f"-   uuid: {'a' * 36}", f"+   uuid: {'b' * 36}"]
    short = Detail(name="mode", before="0644", after="0600")
    assert shown(change(short))[1:] == ["    mode: 0644 → 0600"]


def test_arguments_that_come_and_go() -> None:
    new = Detail(name="unless", before=None, after="there")
    gone = Detail(name="uid", before="0", after=None)
    assert shown(change(new, gone))[1:] == ["+   unless: there", "-   uid: 0"]


def test_what_is_added_removed_or_moved() -> None:
    text = Detail(name="content", before=None, after="a", diff=("+a",))
    assert shown(change(text, kind="added")) == ["+ motd: create it", "+   content:", "+     a"]
    assert shown(change(kind="removed")) == ["- motd: create it"]
    moved = Detail(name="runs", before="first", after="after root: x")
    assert shown(change(moved, kind="moved"))[1:] == ["    runs: first → after root: x"]


def test_nothing_is_shown_of_no_change() -> None:
    assert list(lines("a", "b", ())) == []
    assert json.loads(as_json("a", "b", ()))["changes"] == []
