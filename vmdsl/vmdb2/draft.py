"""A recipe as data: what a specification comes to, before it is run or written as Python.

Both ways start here, so the plan of a specification and that of the recipe that it is converted to
are the same by construction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from vmdsl.errors import Where
from vmdsl.machines import Arch
from vmdsl.values import Percent, Size
from vmdsl.vmdb2.text import Text, Variable

#: The module of the library whose functions have vmdb2's defaults.
HABITS = "vmdsl_stdlib.vmdb2"


@dataclass(frozen=True)
class Result:
    """The result of an earlier step of the recipe: `root()`."""

    step: str


@dataclass(frozen=True)
class Read:
    """The value of an option of the recipe: `rootfs_tarball()`."""

    option: str


class Octal(int):
    """A number that is written in octal, as permissions are."""


class Hex(int):
    """A number that is written in hexadecimal, as types of partitions are."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call of a public function of vmdsl or of its library, by its name.

    `module` is `vmdsl`, `vmdsl_stdlib` or a module of that. `function` may be a method such as
    `Secret.from_command`.
    `places` has those of arguments that are not texts, which know their own.
    """

    function: str
    arguments: tuple[Argument, ...] = ()
    named: Mapping[str, Argument] = field(default_factory=dict)
    module: str = "vmdsl"
    where: Where | None = None
    places: Mapping[str, Where] = field(default_factory=dict)


#: Arguments are written as what they are; a Call stands in place, as in `mount(mkext4(root()))`.
Argument = (
    None
    | bool
    | int
    | Octal
    | Hex
    | str
    | Text
    | Size
    | Percent
    | Path
    | UUID
    | Arch
    | Result
    | Read
    | Call
    | tuple["Argument", ...]
    | Mapping[str, Any]
)


@dataclass(frozen=True, kw_only=True)
class DraftStep:
    """A step: its calls in order. The result of the last one is the step's result.

    `returns` is the type as it is written in Python: `Mounted[Ext4]`, or "None" for nothing.
    `tag` is the name of its result in the specification.
    """

    name: str
    where: Where
    calls: tuple[Call, ...]
    returns: str = "None"
    comments: tuple[str, ...] = ()
    tag: str = ""


@dataclass(frozen=True, kw_only=True)
class DraftOption:
    """An option, as the variables of the specification become. A Path option may be None.

    `variable` is what templates call it, if that is another name.
    """

    name: str
    default: str | Path | None
    help: str
    where: Where
    variable: str = ""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A whole recipe. `comments` are those above and below all steps."""

    path: Path
    options: tuple[DraftOption, ...]
    steps: tuple[DraftStep, ...]
    comments: tuple[str, ...] = ()
    closing: tuple[str, ...] = ()

    def calls(self) -> Iterator[Call]:
        """Yield every call, and those in its arguments."""
        for step in self.steps:
            for call in step.calls:
                yield from _below(call)

    def reads(self, option: DraftOption) -> bool:
        """Return whether a step reads an option, be it as a variable of a text."""
        variable = option.variable or option.name
        for call in self.calls():
            for one in _values((*call.arguments, call.named)):
                match one:
                    case Read(option.name):
                        return True
                    case Text(parts=None) if re.search(rf"\b{variable}\b", one.template):
                        return True
                    case Text(parts=tuple(parts)) if Variable(option.name) in parts:
                        return True
        return False


def _values(argument: Any) -> Iterator[Any]:
    """Yield what is in tuples, lists and mappings, but not in calls."""
    if isinstance(argument, tuple | list):
        for item in argument:
            yield from _values(item)
    elif isinstance(argument, Mapping):
        yield from _values([*argument.keys(), *argument.values()])
    else:
        yield argument


def _below(argument: Argument) -> Iterator[Call]:
    if isinstance(argument, Call):
        yield argument
        for inner in (*argument.arguments, *argument.named.values()):
            yield from _below(inner)
    elif isinstance(argument, tuple):
        for item in argument:
            yield from _below(item)
