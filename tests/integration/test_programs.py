"""How programs are run."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from vmdsl import programs

pytestmark = pytest.mark.integration


def said(tmp_path: Path, script: str, stdin: bytes = b"") -> str:
    with (tmp_path / "log").open("a+b") as log:
        log.write(b"before\n")
        log.flush()
        assert programs.run(["sh", "-ec", script], output=log.fileno(), stdin=stdin).ok
    return (tmp_path / "log").read_text()


def test_output_goes_to_a_file(tmp_path: Path) -> None:
    assert said(tmp_path, "echo one; echo two >&2; cat", b"three\n") == "before\none\ntwo\nthree\n"


@pytest.mark.parametrize("place", ["/dev/stderr", "/dev/stdout"])
def test_a_program_may_open_its_own_output(tmp_path: Path, place: str) -> None:
    script = f"echo one; echo two >{place}; echo three | tee /dev/stderr >/dev/null"
    assert said(tmp_path, script) == "before\none\ntwo\nthree\n"


def test_all_of_much_output(tmp_path: Path) -> None:
    text = said(tmp_path, "seq 1 300000")
    assert text.startswith("before\n1\n")
    assert text.endswith("\n299999\n300000\n")
    assert len(text.splitlines()) == 300_001


@pytest.mark.parametrize("leaves", ["sleep 20", "yes"])
def test_what_is_left_running_is_not_waited_for(tmp_path: Path, leaves: str) -> None:
    started = time.monotonic()
    text = said(tmp_path, f"timeout 20 {leaves} & echo {'x' * 60000}")
    assert time.monotonic() - started < 10
    assert "x" * 60000 in text


def test_a_full_disk_ends_no_program(tmp_path: Path) -> None:
    with Path("/dev/full").open("ab", buffering=0) as log:
        done = programs.run(
            ["sh", "-ec", "seq 1 100000; touch done"], output=log.fileno(), cwd=tmp_path
        )
    assert done.ok
    assert (tmp_path / "done").exists()
