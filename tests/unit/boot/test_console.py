"""A console whose machine is a recording."""

import base64
import os
import re
from collections.abc import Iterator

import pytest

from vmdsl.boot.console import Answer, Console
from vmdsl.errors import BootError

LOGIN = (
    b"Debian GNU/Linux 12 test ttyS0\r\n\r\ntest login: root\r\n"
    b"Linux test 6.1.0\r\n\x1b[?2004hroot@test:~# stty -echo\r\nvmdsl-1-ready\r\n"
)


class Wire:
    """Both ends of what connects a console and a machine."""

    def __init__(self) -> None:
        self._ours, self._says = os.pipe()
        self._hears, self._theirs = os.pipe()
        os.set_blocking(self._hears, False)
        self._open = {self._ours, self._says, self._hears, self._theirs}
        self.console = Console(self._ours, self._theirs)

    def says(self, data: bytes) -> None:
        os.write(self._says, data)

    def heard(self) -> str:
        return os.read(self._hears, 2**20).decode()

    def stop(self) -> None:
        self._close(self._says, self._hears)

    def close(self) -> None:
        self._close(*self._open)

    def _close(self, *ends: int) -> None:
        for end in ends:
            os.close(end)
            self._open.discard(end)


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire()
    yield wire
    wire.close()


def test_listening_takes_nothing(wire: Wire) -> None:
    wire.says(b"one two")
    wire.console.listen(seconds=0.1)
    assert wire.console.transcript == "one two"
    assert wire.console.wait_for("one", timeout=1)[0] == "one"
    wire.says(b"\nKernel panic - not syncing: no init\n")
    with pytest.raises(BootError, match="panicked"):
        wire.console.listen(seconds=1)


def test_what_was_waited_for_is_taken(wire: Wire) -> None:
    wire.says(b"one two one three")
    assert wire.console.wait_for("one", timeout=1)[0] == "one"
    assert wire.console.wait_for(re.compile("one (.*)"), timeout=1)[1] == "three"
    assert wire.console.transcript == "one two one three"


def test_time_over_shows_the_last_lines(wire: Wire) -> None:
    wire.says(b"GRUB loading...\r\nlast words")
    with pytest.raises(BootError, match=r"'login' in 0\.05 seconds(?s:.*)\n    last words$"):
        wire.console.wait_for("login", timeout=0.05)


def test_a_machine_that_stops(wire: Wire) -> None:
    wire.says(b"qemu-system-x86_64: could not open\n")
    wire.stop()
    with pytest.raises(BootError, match=r"stopped(?s:.*)could not open"):
        wire.console.wait_for("login", timeout=9)
    with pytest.raises(BootError, match="stopped"):
        wire.console.send("root\n")


def test_a_failed_boot_is_not_waited_for(wire: Wire) -> None:
    wire.says(b"error: no such device\r\ngrub rescue> ")
    with pytest.raises(BootError, match="GRUB"):
        wire.console.login(timeout=9)


def test_a_prompt_that_is_waited_for_is_no_failure(wire: Wire) -> None:
    wire.says(b"\r\ngrub> ")
    assert wire.console.wait_for("grub> ", timeout=9)[0] == "grub> "


def test_login(wire: Wire) -> None:
    wire.says(LOGIN)
    wire.console.login(timeout=9)
    user, shell, ready = wire.heard().splitlines()
    assert user == "root"
    assert shell.endswith("/bin/sh")
    assert ready.endswith("echo vm''dsl-1-ready${PS1}")


def test_login_with_a_password(wire: Wire) -> None:
    wire.says(LOGIN.replace(b"Linux test", b"Password: \r\nLinux test"))
    wire.console.login(password="secret", timeout=9)  # noqa: S106
    assert wire.heard().startswith("root\nsecret\n")


@pytest.mark.parametrize(
    ("said", "why"),
    [(b"Password: ", "asks for a password"), (b"\r\nLogin incorrect\r\n", "does not let root")],
)
def test_no_login(wire: Wire, said: bytes, why: str) -> None:
    wire.says(b"test login: root\r\n" + said)
    with pytest.raises(BootError, match=why):
        wire.console.login(timeout=9)


def test_run(wire: Wire) -> None:
    wire.says(b"vmdsl-taken\r\n\r\nvmdsl-1-begin\r\nno\r\nnewline\r\nvmdsl-1-end 7\r\n")
    answer = wire.console.run("printf 'no\\nnewline'; exit 7", timeout=9)
    assert answer == Answer(status=7, output="no\nnewline")


def test_run_without_output(wire: Wire) -> None:
    wire.says(b"vmdsl-taken\r\nnoise\r\nvmdsl-1-begin\r\n\r\nvmdsl-1-end 0\r\n")
    assert wire.console.run("true", timeout=9) == Answer(status=0, output="")


def test_a_long_command_comes_through_whole_in_short_lines(wire: Wire) -> None:
    command = "echo 'é\"$x'\n" * 1000
    code = base64.b64encode(command.encode()).decode()
    wire.says(b"vmdsl-taken\r\n" * 99 + b"\r\nvmdsl-1-begin\r\n\r\nvmdsl-1-end 0\r\n")
    wire.console.run(command, timeout=9)
    lines = wire.heard().splitlines()
    assert max(map(len, lines)) < 4095
    assert "".join(re.findall(r"vmdsl=\$\{vmdsl\}([^;]+)", "\n".join(lines))) == code


def test_power_off(wire: Wire) -> None:
    wire.says(b"reboot: Power down\r\n")
    os.close(wire._says)
    wire._open.discard(wire._says)
    wire.console.power_off(timeout=9)
    assert wire.console.closed
    assert wire.heard() == "poweroff\n"


def test_a_machine_that_stays_on(wire: Wire) -> None:
    with pytest.raises(BootError, match="did not stop"):
        wire.console.power_off(timeout=0.05)
