"""Connects the user's terminal to a shell on a pseudo-terminal elsewhere."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from vmdsl.errors import Problem, UsageError

_ENOUGH = 65536


def require_terminal(what: str, hint: str) -> None:
    """Raise UsageError unless standard input and standard error are a terminal."""
    for stream, name in ((sys.stdin, "standard input"), (sys.stderr, "standard error")):
        if stream is None or not stream.isatty():
            raise UsageError(
                Problem(
                    what=f"{what} needs a terminal, and {name} is not one", hint=hint, code="usage"
                )
            )


def connect(other: int) -> None:
    """Copy keys to `other` and output from it, until nobody has its other end open.

    The terminal is in raw mode: keys that send signals are copied too.
    """
    user, screen = sys.stdin.fileno(), sys.stderr.fileno()
    os.set_blocking(other, False)
    typed = b""
    with _lent(user, other):
        while True:
            readable, writable, _ = select.select(
                [other, *([] if typed else [user])], [other] if typed else [], []
            )
            try:
                if user in readable:
                    typed = os.read(user, _ENOUGH)
                    if not typed:  # it was closed
                        return
                if writable:
                    typed = typed[os.write(other, typed) :]
                if other in readable:
                    _write(screen, os.read(other, _ENOUGH))
            except OSError:  # EIO: one of the two has ended
                return


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


@contextmanager
def _lent(user: int, other: int) -> Iterator[None]:
    """Set the terminal to raw mode, and keep the other end's window size equal to its own."""

    def fit(*_: object) -> None:
        with suppress(OSError):
            size = fcntl.ioctl(user, termios.TIOCGWINSZ, bytes(8))
            fcntl.ioctl(other, termios.TIOCSWINSZ, size)

    def take(*_: object) -> None:
        with suppress(termios.error):
            tty.setraw(user)  # what was typed before was not meant for a shell, and is dropped
        fit()

    state = termios.tcgetattr(user)
    before = {
        signal.SIGWINCH: signal.signal(signal.SIGWINCH, fit),
        signal.SIGCONT: signal.signal(signal.SIGCONT, take),
    }
    try:
        take()
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        with suppress(termios.error):  # it was closed
            termios.tcsetattr(user, termios.TCSADRAIN, state)
