"""The command write, and `build --output DISK`, as far as they need no disk."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import typer

from vmdsl.cli.main import run
from vmdsl.disks.disk import Disk
from vmdsl.disks.source import Source

ABOUT = "Example Stick, 8 GB, USB, removable"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pc.img").write_bytes(b"data" * 256)
    (tmp_path / "pc.py").touch()
    return tmp_path


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is written to the disk /dev/sdb; it is there."""
    done: list[str] = []

    @contextmanager
    def claimed(path: Path) -> Iterator[Disk]:
        yield Disk(name=str(path), file=-1, size=2**20, about=ABOUT)

    def write_image(source: Source, *_: object, compare: bool, **__: object) -> int:
        done.append(f"{source.name} {compare}")
        return source.size

    monkeypatch.setattr("vmdsl.disks.disk.claimed_disk", claimed)
    monkeypatch.setattr("vmdsl.disks.writing.write_image", write_image)
    return done


def answer(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    for stream in (sys.stdin, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: said == "y")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.img", "/dev/null"], "there is no image none.img"),
        (["pc.py", "/dev/null"], "pc.py is a recipe, not an image"),
        (["pc.img", "/dev/null"], "/dev/null is not a disk"),
        (["pc.img", "other.img"], "there is no disk other.img"),
        (["pc.img", "pc.img"], "pc.img is a file, not a disk"),
    ],
)
def test_refused(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["write", *arguments, "--yes"]) == 2
    assert said in capsys.readouterr().err


def test_without_a_terminal_nothing_is_written(
    written: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["write", "pc.img", "/dev/sdb"]) == 2
    err = capsys.readouterr().err
    assert f"loss of all data on /dev/sdb: {ABOUT}  [usage]" in err
    assert "--yes" in err
    assert written == []


@pytest.mark.parametrize(("flags", "compare"), [([], True), (["--no-compare"], False)])
def test_yes(
    written: list[str], flags: list[str], *, compare: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["write", "pc.img", "/dev/sdb", "--yes", *flags]) == 0
    assert written == [f"pc.img {compare}"]
    said = "written and compared in" if compare else "written in"
    assert capsys.readouterr().out.startswith(f"/dev/sdb: 1 KiB of pc.img {said} ")


@pytest.mark.parametrize("said", ["y", "n"])
def test_asked(
    written: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer(monkeypatch, said)
    assert run(["write", "pc.img", "/dev/sdb"]) == (0 if said == "y" else 2)
    err = capsys.readouterr().err
    assert f"/dev/sdb: {ABOUT}" in err
    assert ("/dev/sdb is left as it is" in err) is (said == "n")
    assert bool(written) is (said == "y")


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(128 + signal.SIGTERM)], ids=["SIGINT", "SIGTERM"]
)
def test_a_signal(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def write_image(*_: object, **__: object) -> int:
        raise error

    monkeypatch.setattr("vmdsl.disks.writing.write_image", write_image)
    if isinstance(error, SystemExit):
        with pytest.raises(SystemExit):
            run(["write", "pc.img", "/dev/sdb", "--yes"])
    else:
        assert run(["write", "pc.img", "/dev/sdb", "--yes"]) == 130
    assert (
        "/dev/sdb is not usable now, and has no partition table: writing was interrupted"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize("disk", ["/dev/null", "/dev/no-such-disk"])
def test_a_build_is_refused_at_once(disk: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build", "pc.py", "--output", disk]) == 2
    assert "[not-a-disk]" in capsys.readouterr().err
