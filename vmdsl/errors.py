"""Every error that a user can meet: what is wrong, where, what to do, and the exit code.

Code below the command line raises these and never prints or exits.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True)
class Where:
    """A place in a text that the user wrote.

    `line` and `column` count from 1; 0 means the whole file, or the whole line. `path` says where
    it is in YAML, such as `$.steps[3].device`.
    """

    file: Path
    line: int = 0
    column: int = 0
    path: str = ""

    def __str__(self) -> str:
        place = [str(self.file), *(str(number) for number in (self.line, self.column) if number)]
        return ":".join(place) + (f": {self.path}" if self.path else "")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One mistake: `what` is a sentence, `hint` says what to do about it."""

    what: str
    where: Where | None = None
    step: str = ""
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        step = f"step {self.step}: " if self.step else ""
        hint = f"\n    {self.hint}" if self.hint else ""
        return f"{place}{step}{self.what}{hint}"


class VmdslError(Exception):
    """The base of all errors that are shown to a user, never as a traceback."""

    exit_code: ClassVar[int] = 1

    def __init__(self, *problems: Problem | str) -> None:
        self.problems = tuple(Problem(what=p) if isinstance(p, str) else p for p in problems)
        super().__init__("\n".join(str(p) for p in self.problems))


class UsageError(VmdslError):
    """The command line is wrong: an option's value, a file that isn't there."""

    exit_code = 2


class RecipeError(VmdslError):
    """The recipe is wrong. Carries every problem that was found."""

    exit_code = 3


class HostError(VmdslError):
    """This machine can't do it: a program, a kernel setting or a file is missing."""

    exit_code = 4


class BuildError(VmdslError):
    """A build that started did not finish."""

    exit_code = 5


class CommandError(BuildError):
    """A program of a build failed. `output` is the last of what it printed."""

    def __init__(self, problem: Problem, *, output: str) -> None:
        super().__init__(problem)
        self.output = output


class BootError(VmdslError):
    """A virtual machine did not do what was asked of it."""

    exit_code = 6
