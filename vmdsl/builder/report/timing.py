"""Times of a build: its phases, the pieces of work, and their programs."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

#: Programs that took less than this, in seconds, are not listed.
_WORTH_LISTING = 0.05
_MOST_PROGRAMS = 3
_WIDEST = 60


@dataclass(kw_only=True)
class Duration:
    """A name, how long it took, and how long processors worked for it, in seconds.

    `cpu` is more than `seconds` where two processors worked, and less where there was waiting.
    """

    what: str
    seconds: float = 0.0
    cpu: float = 0.0


@dataclass(kw_only=True)
class Piece(Duration):
    """A piece of work, with its step, and the programs that took longest.

    `how` says why there was nothing to do: "cached" or "skipped". `emulated` is the part of `cpu`
    of programs that were started as emulated ones, not of those that programs of this machine
    start.
    """

    step: str
    how: str
    emulated: float = 0.0
    programs: list[Duration] = field(default_factory=list)


@dataclass(kw_only=True)
class Phase(Duration):
    """A part of a build, with the pieces of work in it."""

    pieces: list[Piece] = field(default_factory=list)


def cpu_seconds() -> float:
    """Return how long processors have worked for this process and its ended children."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


class Stopwatch:
    """Measures a build while it runs. The arguments `cpu` are results of `cpu_seconds`."""

    def __init__(self) -> None:
        self.phases: list[Phase] = []
        self._running: list[tuple[Duration, float, float]] = []

    def phase(self, name: str, *, cpu: float) -> None:
        """Begin a phase, and end the one before."""
        self.end(cpu=cpu)
        self.phases.append(Phase(what=name))
        self._begin(self.phases[-1], cpu)

    def piece(self, step: str, summary: str, *, how: str = "", cpu: float) -> None:
        """Begin a piece of work, and end the one before."""
        if len(self._running) > 1:
            self._end(cpu)
        piece = Piece(what=summary, step=step, how=how)
        self.phases[-1].pieces.append(piece)
        self._begin(piece, cpu)

    def program(self, command: str, *, seconds: float, cpu: float, emulated: bool = False) -> None:
        """Add a program of the current piece of work, which has ended."""
        if emulated and self.phases and self.phases[-1].pieces:
            self.phases[-1].pieces[-1].emulated += cpu
        if seconds >= _WORTH_LISTING and self.phases and self.phases[-1].pieces:
            programs = self.phases[-1].pieces[-1].programs
            programs.append(Duration(what=command[:_WIDEST], seconds=seconds, cpu=cpu))
            programs.sort(key=lambda program: -program.seconds)
            del programs[_MOST_PROGRAMS:]

    def end(self, *, cpu: float) -> None:
        """End all that was begun."""
        while self._running:
            self._end(cpu)

    def _begin(self, duration: Duration, cpu: float) -> None:
        self._running.append((duration, time.monotonic(), cpu))

    def _end(self, cpu: float) -> None:
        duration, begun, cpu_before = self._running.pop()
        duration.seconds = time.monotonic() - begun
        duration.cpu = max(cpu - cpu_before, 0.0)


def rows(phases: Sequence[Phase]) -> Iterator[tuple[int, str, Duration]]:
    """Yield each duration, in order, with its depth and its step."""
    for phase in phases:
        yield 0, "", phase
        for piece in phase.pieces:
            emulated = f"{piece.emulated:.2f} emulated" if piece.emulated else ""
            notes = ", ".join(filter(None, (piece.how, emulated)))
            what = f"{piece.what} ({notes})" if notes else piece.what
            yield 1, piece.step, replace(piece, what=what)
            for program in piece.programs:
                yield 2, "", program


def as_text(phases: Sequence[Phase]) -> str:
    """Return a table for the log: seconds, seconds of a processor, and what took them."""
    lines = ["  seconds      cpu"]
    for depth, step, duration in rows(phases):
        said = f"{step}: {duration.what}" if step else duration.what
        lines.append(f"{duration.seconds:9.2f}{duration.cpu:9.2f}  {'  ' * depth}{said}")
    return "\n".join(lines) + "\n"
