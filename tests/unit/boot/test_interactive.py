"""`vmdsl boot` without a terminal."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from vmdsl import programs
from vmdsl.boot.interactive import run_machine
from vmdsl.boot.machine import Firmware, Machine


class Ended:
    """A program that has ended with code 3."""

    def wait(self) -> int:
        return 3

    def kill(self) -> None:
        pass


def test_the_console_is_shown_and_the_exit_code_is_qemus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[tuple[str, ...], dict[str, Any]]] = []

    def start(argv: tuple[str, ...], **options: Any) -> Ended:
        started.append((argv, options))
        return Ended()

    monkeypatch.setattr(programs, "find", lambda name: name)
    monkeypatch.setattr(programs, "start", start)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    (tmp_path / "a.img").touch()
    assert run_machine(Machine(image=tmp_path / "a.img", firmware=Firmware.BIOS)) == 3
    ((argv, options),) = started
    assert argv[:3] == ("setpriv", "--pdeathsig", "KILL")
    assert "-no-reboot" in argv
    assert options == {"stdin": subprocess.DEVNULL, "output": 1, "errors": 2}
