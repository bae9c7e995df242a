"""A conversation with a running machine over its serial console."""

from __future__ import annotations

import base64
import os
import re
import select
import time
from dataclasses import dataclass

from vmdsl.boot.text import Cleaner, failure, last_lines
from vmdsl.errors import BootError, Problem

_CHUNK = 2000  # a terminal drops everything after 4095 bytes in a line

# A shell without line editor, prompt and echo.
_SHELL = (
    "stty -echo rows 1000 cols 1000; "
    "exec env TERM=dumb PS1= PS2= PAGER=cat SYSTEMD_PAGER=cat SYSTEMD_COLORS=0 /bin/sh\n"
)
# Silences the kernel's messages and systemd's status lines.
_QUIET = "{ dmesg -n 1; [ -d /run/systemd/system ] && kill -55 1; } 2>/dev/null"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The output of a command in the machine, and its exit status."""

    status: int
    output: str


class Console:
    """Reads what the machine writes, and types text; `reader` and `writer` are file descriptors.

    Timeouts are in seconds. Every method raises BootError, with the console's last lines, on a
    timeout, if the machine stops, or if the boot has visibly failed.
    """

    def __init__(self, reader: int, writer: int) -> None:
        self._reader = reader
        self._writer = writer
        self._cleaner = Cleaner()
        self._unread = ""
        self._commands = 0
        self.closed = False
        self.transcript = ""

    def wait_for(self, pattern: str | re.Pattern[str], *, timeout: float) -> re.Match[str]:
        """Read until `pattern` matches, and return the match."""
        deadline = time.monotonic() + timeout
        wanted = re.compile(pattern)
        while (match := wanted.search(self._unread)) is None:
            if why := failure(self._unread):
                raise self._error(why)
            if self.closed:
                raise self._error(
                    f"The machine stopped before its console showed {wanted.pattern!r}."
                )
            if not self._read(deadline):
                raise self._error(
                    f"The console did not show {wanted.pattern!r} in {timeout:g} seconds."
                )
        self._unread = self._unread[match.end() :]
        return match

    def listen(self, *, seconds: float) -> None:
        """Read for `seconds`, as a machine stalls when nobody reads its console."""
        deadline = time.monotonic() + seconds
        while not self.closed and self._read(deadline):
            if why := failure(self._unread):
                raise self._error(why)

    def wait_closed(self, *, timeout: float) -> None:
        """Read until the machine stops."""
        deadline = time.monotonic() + timeout
        while not self.closed:
            if why := failure(self._unread):
                raise self._error(why)
            if not self._read(deadline):
                raise self._error(f"The machine did not stop in {timeout:g} seconds.")

    def send(self, text: str) -> None:
        """Type a text."""
        data = text.encode()
        try:
            while data:
                data = data[os.write(self._writer, data) :]
        except BrokenPipeError:
            raise self._error("The machine stopped.") from None

    def login(self, user: str = "root", password: str = "", *, timeout: float = 600) -> None:
        """Wait for the login prompt, log in, and prepare the shell for `run`."""
        deadline = time.monotonic() + timeout
        self.wait_for(r"login: ", timeout=timeout)
        self.send(f"{user}\n")
        answer = r"Login incorrect|[Pp]assword: |[#$] "
        said = self.wait_for(answer, timeout=max(deadline - time.monotonic(), 1))[0]
        if said.endswith("assword: "):
            if not password:
                raise self._error(f"The machine asks for a password of {user}.")
            self.send(f"{password}\n")
            said = self.wait_for(answer, timeout=max(deadline - time.monotonic(), 1))[0]
        if said == "Login incorrect":
            raise self._error(f"The machine does not let {user} log in.")
        self.take_shell(timeout=deadline - time.monotonic())

    def take_shell(self, *, timeout: float) -> None:
        """Prepare a shell that waits for input for `run`, as `login` does.

        It is tried again until it answers, as text typed meanwhile may be lost.
        """
        deadline = time.monotonic() + timeout
        while True:
            self._commands += 1
            mark = f"dsl-{self._commands}-ready"
            self.send(f"{_SHELL}{_QUIET}; echo vm''{mark}${{PS1}}\n")
            try:
                self.wait_for(rf"vm{mark}\n", timeout=5)
            except BootError:
                if self.closed or failure(self._unread) or time.monotonic() > deadline:
                    raise
            else:
                return

    def run(self, command: str, *, timeout: float = 120) -> Answer:
        """Run a command of any length with the machine's /bin/sh, after `login` or `take_shell`.

        The command runs in a process of its own, with an empty standard input.
        """
        deadline = time.monotonic() + timeout
        self._commands += 1
        mark = f"vmdsl-{self._commands}"
        code = base64.b64encode(command.encode()).decode()
        self.send("vmdsl=\n")
        for start in range(0, len(code), _CHUNK):
            self.send(f"vmdsl=${{vmdsl}}{code[start : start + _CHUNK]}; echo vm''dsl-taken\n")
            self.wait_for("vmdsl-taken\n", timeout=max(deadline - time.monotonic(), 1))
        self.send(
            f'echo; echo {mark}-begin; /bin/sh -c "$(echo $vmdsl | base64 -d)" </dev/null; '
            f"printf '\\n{mark}-end %s\\n' $?\n"
        )
        done = self.wait_for(
            rf"(?s)\n{mark}-begin\n(.*?)\n{mark}-end (\d+)\n",
            timeout=max(deadline - time.monotonic(), 1),
        )
        return Answer(status=int(done[2]), output=done[1])

    def power_off(self, *, timeout: float = 120) -> None:
        """Shut the machine down and wait until it has stopped; needs a `login` as root."""
        self.send("poweroff\n")
        self.wait_closed(timeout=timeout)

    def _read(self, deadline: float) -> bool:
        """Read what there is, waiting for it if needed. Returns False on a timeout."""
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self._reader], [], [], left)[0]:
            return False
        data = os.read(self._reader, 65536)
        text = self._cleaner.feed(data)
        self.closed = not data
        self._unread += text
        self.transcript += text
        return True

    def _error(self, what: str) -> BootError:
        lines = last_lines(self.transcript).replace("\n", "\n    ")
        return BootError(
            Problem(
                what=what, hint=f"The console's last lines:\n    {lines}", code="machine-failed"
            )
        )
