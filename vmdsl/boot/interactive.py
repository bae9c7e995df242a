"""Runs a machine on the user's terminal."""

from __future__ import annotations

import os
import subprocess
import sys
import termios

from vmdsl import programs
from vmdsl.boot.machine import Machine, Serial, argv, bound, require

LEAVE = "Ctrl-A X"
"""The keys that end a machine at a terminal; Ctrl-A H lists QEMU's others."""


def run_machine(machine: Machine) -> int:
    """Run the machine until it stops, and return QEMU's exit code.

    On a terminal, every key except Ctrl-A goes to the machine's console. Elsewhere the console
    is only printed, and a reboot ends the machine.
    """
    require(machine)
    if not sys.stdin.isatty():
        return _run(bound(argv(machine, Serial.PIPES)), subprocess.DEVNULL)
    terminal = sys.stdin.fileno()
    state = termios.tcgetattr(terminal)
    try:
        return _run(bound(argv(machine, Serial.TERMINAL)), terminal)
    finally:
        # QEMU does this itself, unless it is killed.
        termios.tcsetattr(terminal, termios.TCSADRAIN, state)
        os.set_blocking(terminal, True)


def _run(command: tuple[str, ...], stdin: int) -> int:
    sys.stdout.flush()
    process = programs.start(command, stdin=stdin, output=1, errors=2)
    try:
        return process.wait()
    finally:
        process.kill()
        process.wait()
