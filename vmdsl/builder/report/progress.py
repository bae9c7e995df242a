"""What a build says of itself while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vmdsl.builder.report.timing import Phase
from vmdsl.errors import VmdslError


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is being done: number `number` of `total`, for the step `step` (empty: for itself).

    `how` says why there is nothing to do: "cached" or "skipped".
    """

    number: int
    total: int
    step: str
    summary: str
    how: str = ""


class Listener(Protocol):
    """Told how a build goes on, in the thread that called `build`."""

    def started(self, work: Work) -> None:
        """The next piece of work has begun, and with it the one before has ended."""

    def said(self, line: str) -> None:
        """A program of the work under way printed a line."""

    def failed(self, error: VmdslError, terminal: int) -> None:
        """The build has failed, and a shell is at the pseudo-terminal `terminal`: be its user."""


@dataclass(frozen=True, kw_only=True)
class Built:
    """A finished build. `log` holds all that its programs printed, `phases` where time went.

    There is none of both where the image was up to date, so that nothing was done.
    """

    image: Path
    log: Path | None
    seconds: float
    phases: tuple[Phase, ...] = ()
