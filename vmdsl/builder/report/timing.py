"""Where the time of a build went: its phases, each piece of work, and the programs in it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

#: Programs that took less than this, in seconds, are not told of one by one.
_WORTH_TELLING = 0.05
_MOST_PROGRAMS = 3
_WIDEST = 60


@dataclass(kw_only=True)
class Span:
    """Something that took time: how long, and how much a processor worked for it, in seconds.

    `cpu` is more than `seconds` where two processors worked, and less where there was waiting.
    """

    what: str
    seconds: float = 0.0
    cpu: float = 0.0


@dataclass(kw_only=True)
class Piece(Span):
    """A piece of work, with its step, and the programs that took longest.

    `how` says why there was nothing to do: "cached" or "skipped".
    """

    step: str
    how: str
    programs: list[Span] = field(default_factory=list)


@dataclass(kw_only=True)
class Phase(Span):
    """A part of a build, with the pieces of work in it."""

    pieces: list[Piece] = field(default_factory=list)


def cpu_seconds() -> float:
    """How long processors have worked for this process and for those that it has waited for."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


class Stopwatch:
    """Is told what happens in a build while it happens. `cpu` is what `cpu_seconds` said there."""

    def __init__(self) -> None:
        self.phases: list[Phase] = []
        self._running: list[tuple[Span, float, float]] = []

    def phase(self, name: str, *, cpu: float) -> None:
        """A phase begins, and the one before has ended."""
        self.end(cpu=cpu)
        self.phases.append(Phase(what=name))
        self._begin(self.phases[-1], cpu)

    def piece(self, step: str, summary: str, *, how: str = "", cpu: float) -> None:
        """A piece of work begins, and the one before has ended."""
        if len(self._running) > 1:
            self._end(cpu)
        piece = Piece(what=summary, step=step, how=how)
        self.phases[-1].pieces.append(piece)
        self._begin(piece, cpu)

    def program(self, command: str, *, seconds: float, cpu: float) -> None:
        """A program of the work under way has ended."""
        if seconds >= _WORTH_TELLING and self.phases and self.phases[-1].pieces:
            programs = self.phases[-1].pieces[-1].programs
            programs.append(Span(what=command[:_WIDEST], seconds=seconds, cpu=cpu))
            programs.sort(key=lambda program: -program.seconds)
            del programs[_MOST_PROGRAMS:]

    def end(self, *, cpu: float) -> None:
        """All that is under way has ended."""
        while self._running:
            self._end(cpu)

    def _begin(self, span: Span, cpu: float) -> None:
        self._running.append((span, time.monotonic(), cpu))

    def _end(self, cpu: float) -> None:
        span, begun, cpu_before = self._running.pop()
        span.seconds = time.monotonic() - begun
        span.cpu = max(cpu - cpu_before, 0.0)


def rows(phases: Sequence[Phase]) -> Iterator[tuple[int, str, Span]]:
    """All of it, line by line: how deep, the step, and what took the time."""
    for phase in phases:
        yield 0, "", phase
        for piece in phase.pieces:
            what = f"{piece.what} ({piece.how})" if piece.how else piece.what
            yield 1, piece.step, replace(piece, what=what)
            for program in piece.programs:
                yield 2, "", program


def as_text(phases: Sequence[Phase]) -> str:
    """The same for a log: seconds, seconds of a processor, and what."""
    lines = ["  seconds      cpu"]
    for depth, step, span in rows(phases):
        said = f"{step}: {span.what}" if step else span.what
        lines.append(f"{span.seconds:9.2f}{span.cpu:9.2f}  {'  ' * depth}{said}")
    return "\n".join(lines) + "\n"
