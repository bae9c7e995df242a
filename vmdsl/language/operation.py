"""Where a recipe's calls are written down while it is evaluated."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from vmdsl.errors import Problem, Where

if TYPE_CHECKING:
    from vmdsl.language.effects import Operation

_O = TypeVar("_O", bound="Operation")


class Refused(Exception):  # noqa: N818 (it ends a step; the mistake itself is a Problem)
    """Ends the step that made a mistake. The evaluator goes on with the next one."""


class DependsOnFailed(Refused):
    """Ends a step that calls a step that failed: there is nothing more to say of it."""


@dataclass(frozen=True)
class Origin:
    """Which step of the recipe, and which line of it, an operation comes from.

    Names of local files are relative to `directory`.
    """

    step: str
    where: Where
    directory: Path


@dataclass
class Recorder:
    """What one evaluation of one recipe has come to so far. `line` is that of the step.

    `place` is what is evaluated now, where the recipe is no Python; otherwise its frames tell.
    Without a `directory` local files are beside the recipe.
    """

    recipe: Path
    value_of: Callable[[object], Any]
    result_of: Callable[[object], Any]
    directory: Path | None = None
    step: str = ""
    line: int = 0
    place: Where | None = None
    operations: list[Operation] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def where(self) -> Where:
        """The line of the recipe that is running now."""
        if self.place is not None:
            return self.place
        frame = sys._getframe(1)  # noqa: SLF001 (a documented, CPython-wide function)
        recipe = str(self.recipe)
        while frame is not None:
            if frame.f_code.co_filename == recipe:
                return Where(self.recipe, frame.f_lineno)
            if frame.f_back is None:
                break
            frame = frame.f_back
        return Where(self.recipe, self.line)

    def problem(self, what: str, hint: str = "") -> Problem:
        """Note a mistake at the line that is running now."""
        found = Problem(what=what, where=self.where(), step=self.step, hint=hint)
        if found not in self.problems:
            self.problems.append(found)
        return found


_current: ContextVar[Recorder | None] = ContextVar("vmdsl_recorder", default=None)


def start_recording(recorder: Recorder) -> Callable[[], None]:
    """Make `recorder` the one that is written to; returns what undoes that."""
    token = _current.set(recorder)
    return lambda: _current.reset(token)


def recorder_for(what: str) -> Recorder:
    """The evaluation under way; raises RuntimeError, naming `what`, outside a step."""
    recorder = _current.get()
    if recorder is None or not recorder.step:
        message = f"{what} outside a step; put it into a function with @step"
        if recorder is not None:
            recorder.problem(message)
            raise Refused(message)
        raise RuntimeError(message)
    return recorder


def refuse(what: str, hint: str = "") -> Refused:
    """Note a mistake in the recipe; raise what this returns to end the step."""
    recorder_for("an operation is called").problem(what, hint)
    return Refused(what)


def misused(what: str, hint: str) -> Exception:
    """Note the misuse of a value, in a step or at the top level. Raise what this returns."""
    recorder = _current.get()
    if recorder is None:
        return TypeError(f"{what}: {hint}")
    recorder.problem(what, hint)
    return Refused(what)


def one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse a value that isn't among those that its type allows: data is not checked by mypy."""
    if value not in choices:
        close = difflib.get_close_matches(value, choices, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise refuse(f"{name}={value!r} is not known", f"{hint}there are {', '.join(choices)}")


def here() -> Origin:
    """The step and the line that are running now."""
    recorder = recorder_for("an operation is called")
    directory = recorder.directory or recorder.recipe.parent
    return Origin(recorder.step, recorder.where(), directory)


def record(operation: _O) -> _O:
    """Add an operation to the plan, after those that stand there, and return it.

    For authors of operations: build the frozen dataclass and pass it through here.
    """
    recorder_for("an operation is called").operations.append(operation)
    return operation


def recorded() -> list[Operation]:
    """The operations so far, oldest first."""
    return recorder_for("an operation is called").operations
