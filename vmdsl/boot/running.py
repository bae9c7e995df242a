"""Runs a machine for the duration of a `with` block."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from vmdsl import programs
from vmdsl.boot.console import Console
from vmdsl.boot.machine import Machine, Serial, argv, bound, require
from vmdsl.errors import BootError


@contextmanager
def running(machine: Machine) -> Iterator[Console]:
    """Start a machine, yield its console, and stop the machine at the end of the block."""
    require(machine)
    process = programs.start(bound(argv(machine, Serial.PIPES)), stdin=subprocess.PIPE)
    if process.stdin is None or process.stdout is None:  # pragma: no cover (for mypy)
        raise AssertionError
    console = Console(process.stdout.fileno(), process.stdin.fileno())
    try:
        yield console
        if console.closed and (code := process.wait(timeout=10)):
            raise BootError(f"QEMU ended with exit code {code}.", code="machine-failed")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        with suppress(BrokenPipeError):
            process.stdin.close()
