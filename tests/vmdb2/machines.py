"""Machines that boot images of specifications, most of which have no serial console."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from vmdsl.boot import running as boot
from vmdsl.boot.console import Console
from vmdsl.boot.machine import Accel, Firmware, Machine, Serial, argv
from vmdsl.errors import BootError

_MINUTES = 60
#: Keys whose names are not those of the letters on them; and those of a German keyboard.
_KEYS = {"\n": "ret", " ": "spc", "-": "minus", "@": "shift-2", "S": "shift-s"}
_GERMAN = {**_KEYS, "y": "z", "-": "slash", "@": "alt_r-q"}


@contextmanager
def logged_in(
    image: Path,
    firmware: Firmware,
    accel: Accel,
    *,
    keyboard: Path | None = None,
    german: bool = False,
    network: bool = False,
) -> Iterator[Console]:
    """Boot an image until root is logged in and nothing has failed; at the end, switch it off.

    `keyboard` is a name for the socket of one: for images that know nothing of a serial port.
    """
    machine = Machine(image=image, firmware=firmware, network=network, accel=accel)
    with (
        mock.patch.object(boot, "argv", _with(keyboard) if keyboard else argv),
        boot.running(machine) as console,
    ):
        if keyboard:
            _open_serial_port(console, keyboard, _GERMAN if german else _KEYS)
        console.login(timeout=10 * _MINUTES)
        state = console.run("systemctl is-system-running --wait", timeout=5 * _MINUTES)
        failed = console.run("systemctl --failed --no-legend --plain").output.strip()
        assert (state.output.strip(), failed) == ("running", ""), console.transcript
        yield console


def said(console: Console, text: str) -> str:
    """What a command in the machine printed; it must succeed."""
    answer = console.run(text)
    assert answer.status == 0, f"{text}: {answer.output}"
    return answer.output.strip()


def _with(keyboard: Path) -> Callable[[Machine, Serial], tuple[str, ...]]:
    def with_keyboard(machine: Machine, serial: Serial) -> tuple[str, ...]:
        words = list(argv(machine, serial))
        words[words.index("-monitor") + 1] = f"unix:{keyboard},server=on,wait=off"
        return tuple(words)

    return with_keyboard


def _open_serial_port(console: Console, keyboard: Path, keys: Mapping[str, str]) -> None:
    """Log root in at the keyboard, and open the serial port there.

    Nothing tells when the system is ready, so it is typed until it works, but not into GRUB's menu.
    An empty line first ends what an earlier try has begun.
    """
    console.wait_for("Loading initial ramdisk", timeout=5 * _MINUTES)
    ends = time.monotonic() + 10 * _MINUTES
    while time.monotonic() < ends:
        for line in ("\n", "root\n", "systemctl start serial-getty@ttyS0\n"):
            console.listen(seconds=5)
            _type(keyboard, line, keys)
        if "login: " in console.transcript:
            return
    raise BootError(f"Nobody could log in at the keyboard:\n{console.transcript[-2000:]}")


def _type(keyboard: Path, text: str, keys: Mapping[str, str]) -> None:
    with socket.socket(socket.AF_UNIX) as monitor:
        monitor.connect(str(keyboard))
        for letter in text:
            monitor.sendall(f"sendkey {keys.get(letter, letter)} 20\n".encode())
            time.sleep(0.05)
