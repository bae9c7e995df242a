"""Every error that users see: what is wrong, where, a hint, and the exit code.

Code below the command line raises these and never prints or exits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Self

#: The code of what a library finds that gives no code of its own.
OF_A_LIBRARY = "library-check"


@dataclass(frozen=True)
class Where:
    """A place in a text that the user wrote.

    `line` and `column` count from 1; 0 means the whole file, or the whole line. `path` says where
    it is in YAML, such as `$.steps[3].device`. `start` and `end` are where the code in the line is
    that is meant, in bytes as Python counts them; -1 means unknown, or the end of the line.
    """

    file: Path
    line: int = 0
    column: int = 0
    path: str = ""
    start: int = field(default=-1, compare=False, repr=False)
    end: int = field(default=-1, compare=False, repr=False)

    def __str__(self) -> str:
        place = [str(self.file), *(str(number) for number in (self.line, self.column) if number)]
        return ":".join(place) + (f": {self.path}" if self.path else "")


@dataclass(frozen=True)
class Code:
    """Code of a recipe that a hint suggests, as data. `code()` makes it.

    str() shows it in Python's words. Without a function it is an argument: `label=`. `tag` is the
    name that a specification of vmdb2 has for the result of the step that it calls.
    """

    function: str
    arguments: tuple[object, ...] = ()
    named: tuple[tuple[str, object], ...] = ()
    tag: str = ""

    def __str__(self) -> str:
        words = [
            *map(_written, self.arguments),
            *(f"{name}={_written(value)}" for name, value in self.named),
        ]
        return f"{self.function}({', '.join(words)})" if self.function else ", ".join(words)


def code(function: str, *arguments: object, **named: object) -> Code:
    """Return a call for a hint; without a function, its argument. An argument of None is open."""
    return Code(function, arguments, tuple(named.items()))


def _written(value: object) -> str:
    if isinstance(value, str):
        return f"'{value}'" if '"' in value else f'"{value}"'
    return "" if value is None else str(value)


class Hint(str):
    """A hint that suggests code: `Hint("format it: ", code("mkext4", code_of(root)))`.

    As a str it shows the code in Python's words; `parts` are what it was made of.
    """

    __slots__ = ("parts",)

    parts: tuple[str | Code, ...]

    def __new__(cls, *parts: str | Code) -> Self:
        """Join text and code. Parts of another hint may be among them: `*hint.parts`."""
        made = super().__new__(cls, "".join(map(str, parts)))
        made.parts = parts
        return made

    @classmethod
    def of_lines(cls, lines: Iterable[str]) -> Self:
        """Join hints and texts, each a line of its own or several."""
        parts: list[str | Code] = []
        for line in lines:
            parts += ["\n"] * bool(parts)
            parts += line.parts if isinstance(line, Hint) else (line,)
        return cls(*parts)

    def in_words(self, words: Callable[[Code], str | None]) -> str:
        """Return the hint with its code in other words; what has none goes with the text before."""
        said: list[str] = []
        for part in self.parts:
            word = words(part) if isinstance(part, Code) else part
            if word is None:
                del said[-1:]
            else:
                said.append(word)
        return "".join(said)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A mistake: `what` is a sentence, `hint` says what to do about it.

    `code` is the kind of mistake that it is, as `vmdsl explain` knows it: `no-room`. `about` is the
    argument that is wrong, by its name: `path`, or `packages[1]` for one of several. `through` has
    the lines of other modules that lead from the recipe's line to the mistake.
    """

    what: str
    code: str = ""
    where: Where | None = None
    step: str = ""
    hint: str = ""
    about: str = ""
    through: tuple[Where, ...] = field(default=(), compare=False, repr=False)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        step = f"step {self.step}: " if self.step else ""
        hint = f"\n    {self.hint}" if self.hint else ""
        return f"{place}{step}{self.what}{hint}"


@dataclass(frozen=True, kw_only=True)
class Advice(Problem):
    """A warning about something that may be right: it stops nothing."""


@dataclass(frozen=True, kw_only=True)
class LocalFile(Problem):
    """A mistake about a file of this machine, which may be elsewhere or readable on another one."""


class VmdslError(Exception):
    """The base of all errors that are shown to users, never as a traceback.

    `warnings` were found before, and are shown as well.
    """

    exit_code: ClassVar[int] = 1
    warnings: tuple[Problem, ...] = ()

    def __init__(self, *problems: Problem | str, code: str = "") -> None:
        """Take problems, or their sentences; `code` is that of sentences."""
        self.problems: tuple[Problem, ...] = tuple(
            Problem(what=p, code=code) if isinstance(p, str) else p for p in problems
        )
        super().__init__("\n".join(str(p) for p in self.problems))


class UsageError(VmdslError):
    """The command line is wrong: an option's value, a missing file."""

    exit_code = 2


class RecipeError(VmdslError):
    """The recipe is wrong. Carries every problem that was found."""

    exit_code = 3


class PolicyError(RecipeError):
    """The recipe is right, and policies of its project do not allow what it does."""


class HostError(VmdslError):
    """This machine can't do it: a program, a kernel setting or a file is missing."""

    exit_code = 4


class BuildError(VmdslError):
    """A build has started and failed."""

    exit_code = 5


class OwnerError(BuildError):
    """A file was to belong to a user or group that none can belong to; `ids` are the numbers."""

    def __init__(self, *problems: Problem | str, code: str = "", ids: tuple[int, ...] = ()) -> None:
        super().__init__(*problems, code=code)
        self.ids = ids


class CommandError(BuildError):
    """A program of a build failed. `output` is the last of what it printed."""

    def __init__(self, problem: Problem, *, output: str) -> None:
        super().__init__(problem)
        self.output = output


class BootError(VmdslError):
    """A virtual machine did not do what was asked of it."""

    exit_code = 6
