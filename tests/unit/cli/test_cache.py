"""How `vmdsl cache` looks."""

import json
from pathlib import Path
from typing import Any

import pytest

from vmdsl.builder.cache.inventory import Entry, Kind, Removed
from vmdsl.cli.main import run

SUM = "0123456789abcdef" * 4
NOW = 1_800_000_000.0
ENTRIES = [
    Entry(
        kind=Kind.LAYER,
        path=Path("/c/layers", SUM),
        used=NOW - 90,
        about="server.py web: apt install nginx [x]",
        size=3 << 20,
    ),
    Entry(kind=Kind.LAYER, path=Path("/c/layers/broken"), used=NOW, is_broken=True, size=1 << 20),
    Entry(
        kind=Kind.FAILED_TREE,
        path=Path("/c/kept/server-20260301-101500-x1_ab2"),
        used=NOW - 86400 * 2.5,
        about="server.py: step web: it failed\nmore",
        size=500,
    ),
]


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr("vmdsl.cli.cache.time.time", lambda: NOW)
    monkeypatch.setattr("vmdsl.builder.cache.inventory.inventory", lambda _: ENTRIES)


def said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert run(["cache", *arguments]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return [str(line) for line in out.splitlines()]


@pytest.mark.parametrize("arguments", [[], ["show"]])
def test_sums(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert said([*arguments, *(["--cache-dir", "/c"] if arguments else [])], capsys)[1:] == [
        "                    number        size  last used       oldest",
        "layers                   2       4 MiB  just now        1 minute ago",
        "kept trees               1       500 B  2 days ago      2 days ago",
        "1 entry unusable, 1 MiB: vmdsl cache prune removes them",
    ]


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(["show", "--all", "--cache-dir", "/c"], capsys)
    assert lines[0] == "/c: 4 MiB"
    assert lines[1] == "layers: 4 MiB"
    assert lines[2] == "  broken              1 MiB  just now        unusable"
    assert lines[3].split()[0] == "0123456789ab…"
    assert lines[3].endswith("1 minute ago    server.py web: apt install nginx [x]")
    assert "server-20260301-101500-x1_ab2 " in lines[5]
    assert lines[5].endswith("server.py: step web: it failed")


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    document: Any = json.loads("\n".join(said(["show", "--json", "--cache-dir", "/c"], capsys)))
    assert document["cache"] == "/c"
    assert document["size"] == (4 << 20) + 500
    assert [entry["kind"] for entry in document["entries"]] == ["layers", "layers", "kept trees"]
    assert document["entries"][1] == {
        "kind": "layers",
        "path": "/c/layers/broken",
        "size": 1 << 20,
        "used": round(NOW),
        "about": "",
        "broken": True,
    }


def test_what_was_removed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given: list[int | None] = []

    def prune(_: Path, limit: int | None) -> Removed:
        given.append(limit)
        return Removed(
            removed=tuple(ENTRIES[1:2]), in_use=tuple(ENTRIES[:1]), left=tuple(ENTRIES[::2])
        )

    monkeypatch.setattr("vmdsl.builder.cache.inventory.prune", prune)
    assert said(["prune", "--size", "1M"], capsys) == [
        "removed 1 entry, 1 MiB; 3 MiB left",
        "1 entry, 3 MiB, in use by running builds",
        "That is more than 1 MiB: run vmdsl cache to see what it is.",
    ]
    said(["prune"], capsys)
    assert given == [1 << 20, None]


def test_a_size_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cache", "prune", "--size", "much"]) == 2
    assert "'much' is not a size" in capsys.readouterr().err
