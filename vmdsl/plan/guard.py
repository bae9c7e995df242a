"""Keeps the evaluation of a recipe free of effects: it may only record operations.

A guard against accidents, not a wall: a recipe is code, and confining a stranger's is the
operating system's work.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from vmdsl.language.operation import Recorder, Refused

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_EVENTS = {
    **dict.fromkeys(
        (
            "subprocess.Popen",
            "os.system",
            "os.exec",
            "os.posix_spawn",
            "os.spawn",
            "os.fork",
            "os.forkpty",
            "pty.spawn",
        ),
        "starts a program",
    ),
    **dict.fromkeys(
        ("socket.__new__", "socket.connect", "socket.bind", "socket.getaddrinfo"),
        "uses the network",
    ),
    **dict.fromkeys(
        (
            "os.remove",
            "os.rename",
            "os.mkdir",
            "os.rmdir",
            "os.link",
            "os.symlink",
            "os.truncate",
            "os.chmod",
            "os.chown",
            "os.utime",
            "os.setxattr",
            "os.removexattr",
        ),
        "changes files",
    ),
    "os.kill": "sends a signal",
    "os.chdir": "changes the working directory",
    "os.putenv": "changes the environment",
    "os.unsetenv": "changes the environment",
}
_HINT = "a recipe only says what is wanted; chroot() and host_shell() do things, when it is built"
_active: list[Recorder] = []
_installed: list[bool] = []


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if not _active:
        return
    deed = _EVENTS.get(event)
    if event == "open":
        path, _, flags = arguments
        if isinstance(flags, int) and flags & _WRITES and path != os.devnull:
            deed = f"writes the file {path}"
    if deed is not None:
        recorder = _active[-1]
        what = f"the recipe {deed} while it is read ({event})"
        recorder.problem(what, _HINT)
        raise Refused(what)


@contextmanager
def guarded(recorder: Recorder) -> Iterator[None]:
    """Refuse programs, sockets and writes, and note the recipe's line of each."""
    if not _installed:
        sys.addaudithook(_hook)
        _installed.append(True)
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    _active.append(recorder)
    try:
        yield
    finally:
        _active.pop()
        sys.dont_write_bytecode = bytecode
