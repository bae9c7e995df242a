"""The log of a build: all that its programs print, without secrets."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from vmdsl.builder.report.mask import Mask
from vmdsl.builder.report.progress import Listener
from vmdsl.errors import Problem

_KEPT_LOGS = 20


class Log:
    """A log at `path` that is being written. Programs print to the open file `file`.

    With secrets, that is a file in memory, without a name; `follow` copies it masked to `path`.
    """

    def __init__(self, path: Path, mask: Mask, listener: Listener, stack: ExitStack) -> None:
        self.path = path
        self.mask = mask
        self._listener = listener
        self._kept = stack.enter_context(path.open("a+b", buffering=0))
        self.file = self._kept.fileno()
        fcntl.flock(self.file, fcntl.LOCK_SH)  # so that nobody removes it meanwhile
        if mask:
            self.file = os.memfd_create("vmdsl-log", os.MFD_CLOEXEC)
            stack.callback(os.close, self.file)
            fcntl.fcntl(self.file, fcntl.F_SETFL, os.O_APPEND)
        self._taken = 0
        self._rest = b""
        self._last = b""

    def follow(self) -> None:
        """Read what was printed since the last time, and pass whole lines to the listener."""
        new = max(0, os.fstat(self.file).st_size - self._taken)
        text = os.pread(self.file, new, self._taken)
        self._taken += len(text)
        if self.mask:
            text = self.mask.feed(text)
            self._kept.write(text)
        *lines, self._rest = (self._rest + text).split(b"\n")
        for line in lines:
            self._listener.said(line.decode(errors="replace"))

    def add(self, text: str) -> None:
        """Write some text at the end of the log, without passing it to the listener."""
        self._last += text.encode()

    def finish(self) -> None:
        """Read what is left, when nothing prints any more."""
        self.follow()
        if self.mask:
            self._kept.write(self.mask.finish())
        self._kept.write(self._last)


@contextmanager
def writing_log(logs: Path, name: str, mask: Mask, listener: Listener) -> Iterator[Log]:
    """Make a new log in the directory `logs`, whose oldest ones are removed."""
    with ExitStack() as stack:
        log = Log(_new_log(logs, name), mask, listener, stack)
        try:
            yield log
        finally:
            with suppress(OSError):  # the disk is full, which something else will say
                log.finish()


def _new_log(logs: Path, name: str) -> Path:
    logs.mkdir(exist_ok=True)
    by_age = sorted(logs.glob("*.log"), key=lambda log: log.stat().st_mtime, reverse=True)
    for old in by_age[_KEPT_LOGS - 1 :]:
        old.unlink(missing_ok=True)
    file, path = tempfile.mkstemp(
        prefix=f"{name}-{time.strftime('%Y%m%d-%H%M%S')}-", suffix=".log", dir=logs
    )
    os.close(file)
    return Path(path)


def beside(image: Path) -> Path:
    """Return where the log of a failed build is put."""
    return image.with_name(f"{image.name}.log")


def keep_log(log: Path, copy: Path) -> Problem:
    """Copy a build's log. Returns a problem that says where the log is then."""
    try:
        copy.write_bytes(log.read_bytes())
    except OSError:  # the disk is full, say
        with suppress(OSError):
            if copy.is_file() and not copy.is_symlink():  # /dev/stdout, say
                copy.unlink()
        copy = log
    return Problem(what=f"the whole log is {copy}", code="")
