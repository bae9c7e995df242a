"""Reports of a build while it runs, and at its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from vmdsl.builder.report.timing import Phase
from vmdsl.errors import VmdslError


@dataclass(frozen=True, kw_only=True)
class Work:
    """The piece of work that has begun: number `number` of `total`, for the step `step`.

    The step is empty for what the build does by itself. `how` says why there is nothing to do:
    "cached" or "skipped".
    """

    number: int
    total: int
    step: str
    summary: str
    how: str = ""


class Listener(Protocol):
    """Gets the reports of a build, in the thread that called `build`."""

    def started(self, work: Work) -> None:
        """Show that the next piece of work has begun, and the one before has ended."""

    def said(self, line: str) -> None:
        """Show a line that a program of the current piece of work has printed."""

    def failed(self, error: VmdslError, terminal: int) -> None:
        """Show an error, and connect the user with the shell at the pseudoterminal `terminal`."""


@dataclass(frozen=True, kw_only=True)
class Built:
    """A finished build. `log` has all that its programs printed, `phases` where the time went.

    Both are missing where the image was up to date, and nothing was done. `encrypted` has the
    SHA-256 of each filesystem that was encrypted, as it was before that.
    """

    image: Path
    log: Path | None
    seconds: float
    phases: tuple[Phase, ...] = ()
    encrypted: Mapping[str, str] = field(default_factory=dict)


def encrypted_line(name: str, checksum: str) -> str:
    """Return a line with the checksum of a filesystem before it was encrypted."""
    return f"{name}, before it is encrypted: SHA-256 {checksum}"
