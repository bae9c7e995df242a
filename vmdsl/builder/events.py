"""Events, which a build reports out of the sandbox, each as a line of JSON.

They are not pickled, as what reads them is outside of the sandbox: it must not run anything that
comes from the inside.
"""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock
from typing import IO, Any

from vmdsl.builder.report.progress import Work
from vmdsl.builder.report.timing import cpu_seconds
from vmdsl.builder.tree.commands import is_in_tree, shown
from vmdsl.builder.tree.layers import Stopped
from vmdsl.errors import BuildError, Code, Hint, Problem, VmdslError, Where
from vmdsl.language.operation import Operation, problem_in, summary_of
from vmdsl.programs import Finished


@dataclass(frozen=True, kw_only=True)
class PhaseBegan:
    """A phase of the build has begun. `cpu` is how many seconds processors have worked by then."""

    name: str
    cpu: float


@dataclass(frozen=True, kw_only=True)
class WorkBegan:
    """A piece of work has begun; `cpu` as in PhaseBegan."""

    work: Work
    cpu: float


@dataclass(frozen=True, kw_only=True)
class ProgramEnded:
    """A program has ended. It took `seconds`, and `cpu` seconds of a processor's time.

    `emulated` programs are those of a tree whose architecture this machine doesn't run by itself.
    """

    command: str
    seconds: float
    cpu: float
    emulated: bool = False


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The build has failed; `code` is the exit code of the error."""

    problems: tuple[Problem, ...]
    code: int
    cpu: float


@dataclass(frozen=True, kw_only=True)
class Succeeded:
    """The image is complete. `key` is that of its tree and tools, or empty if it isn't known.

    `encrypted` has the SHA-256 of each filesystem that was encrypted, as it was before that.
    """

    key: str
    cpu: float
    encrypted: Mapping[str, str] = field(default_factory=dict)


Event = PhaseBegan | WorkBegan | ProgramEnded | Failed | Succeeded
_KINDS = {kind.__name__: kind for kind in (PhaseBegan, WorkBegan, ProgramEnded, Failed, Succeeded)}


def to_line(event: Event) -> str:
    """Return an event as a line of JSON, with all fields of the problems in it."""
    data = asdict(event)
    if isinstance(event, Failed):
        for problem, written in zip(event.problems, data["problems"], strict=True):
            if isinstance(problem.hint, Hint):
                written["hint"] = [_part_as_data(part) for part in problem.hint.parts]
    return json.dumps([type(event).__name__, data], default=os.fspath) + "\n"


def _part_as_data(part: object) -> object:
    """Return a part of a hint, or an argument of its code, as JSON has it."""
    if isinstance(part, Code):
        arguments = [_part_as_data(one) for one in part.arguments]
        named = [(name, _part_as_data(one)) for name, one in part.named]
        return {"function": part.function, "arguments": arguments, "named": named, "tag": part.tag}
    return part if part is None or isinstance(part, str | int | float) else str(part)


def _part(data: Any) -> Any:
    """Return the part of a hint that `_part_as_data` has written."""
    if not isinstance(data, dict):
        return data
    return Code(
        data["function"],
        tuple(map(_part, data["arguments"])),
        tuple((name, _part(one)) for name, one in data["named"]),
        data["tag"],
    )


def from_line(line: bytes) -> Event:
    """Return the event that `to_line` has written."""
    name, data = json.loads(line)
    if "work" in data:
        data["work"] = Work(**data["work"])
    if "problems" in data:
        data["problems"] = tuple(map(_problem, data["problems"]))
    event: Event = _KINDS[name](**data)
    return event


def _problem(data: dict[str, Any]) -> Problem:
    where = data["where"]
    if where:
        data["where"] = Where(**{**where, "file": Path(where["file"])})
    if isinstance(data["hint"], list):
        data["hint"] = Hint(*map(_part, data["hint"]))
    return Problem(**data)


class Events:
    """Sends events to a stream, for any thread. The build has `total` pieces of work."""

    def __init__(self, stream: IO[str]) -> None:
        self.total = 0
        #: Whether programs of the tree are emulated.
        self.emulated = False
        self._stream = stream
        self._number = 0
        self._sending = Lock()

    def send(self, event: Event) -> None:
        """Send one event."""
        with self._sending:
            self._stream.write(to_line(event))
            self._stream.flush()

    def phase(self, name: str) -> None:
        """Report that a phase begins."""
        self.send(PhaseBegan(name=name, cpu=cpu_seconds()))

    def started(self, step: str, summary: str, *, how: str = "") -> None:
        """Report that the next piece of work begins. The arguments are those of Work."""
        self._number += 1
        work = Work(number=self._number, total=self.total, step=step, summary=summary, how=how)
        self.send(WorkBegan(work=work, cpu=cpu_seconds()))

    def ran(self, done: Finished) -> None:
        """Report that a program has ended."""
        self.send(
            ProgramEnded(
                command=shown(done.argv),
                seconds=done.seconds,
                cpu=done.cpu,
                emulated=self.emulated and is_in_tree(done.argv),
            )
        )

    def failed(self, error: VmdslError) -> None:
        """Report that the build has failed."""
        self.send(Failed(problems=error.problems, code=error.exit_code, cpu=cpu_seconds()))

    def succeeded(self, key: str, encrypted: Mapping[str, str]) -> None:
        """Report that the image is complete."""
        self.send(Succeeded(key=key, cpu=cpu_seconds(), encrypted=encrypted))

    @contextmanager
    def working(self, operation: Operation) -> Iterator[None]:
        """Report that an operation is applied, and give errors its place."""
        self.started(operation.name, summary_of(operation))
        with placing(operation):
            yield


@contextmanager
def placing(operation: Operation) -> Iterator[None]:
    """Turn any error into a BuildError, whose problems have at least the place of an operation."""
    try:
        yield
    except Stopped:
        raise
    except VmdslError as error:
        placed = [
            p if p.where else problem_in(operation, p.what, p.hint, code=p.code, about=p.about)
            for p in error.problems
        ]
        raise BuildError(*placed) from None
    except Exception as error:
        raise BuildError(
            problem_in(operation, in_a_sentence(error), code="build-failed")
        ) from error


def in_a_sentence(error: Exception) -> str:
    """Return what went wrong, and log the traceback: its author needs the rest."""
    with suppress(OSError):  # the log's disk may be full, which may be the very error
        traceback.print_exc()
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{os.fsdecode(error.filename)}: {error.strerror}"
    return f"{type(error).__name__}: {error}".removesuffix(": ")
