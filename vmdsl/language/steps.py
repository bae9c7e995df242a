"""Steps, the options that they read, and the conditions that they depend on."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from vmdsl.errors import Where
from vmdsl.language.operation import NeverText, misused, recorder_for
from vmdsl.language.positions import where_in
from vmdsl.values import Size, Suite

_T = TypeVar("_T")
_V = TypeVar("_V", bound=Size | Suite | Path | str | int)

#: Called with every Step, Option and Flag that is made while a recipe is loaded.
declared: list[Callable[[object], None]] = []


def _untrue(self: object) -> bool:
    """Refuse `if flag:` without a call. mypy reports it, as it doesn't see this method."""
    name = getattr(self, "name", "")
    hint = f"call it: {name}()" if name else "call it; for step_if(), combine flags with & | ~"
    raise misused("this is always true, whatever its value", hint, code="call-it")


class _Declared(NeverText):
    """A declaration at a recipe's top level, with its place."""

    kind = ""

    def __init__(self, where: Where) -> None:
        self.name = ""
        self.where = where
        for listener in declared:
            listener(self)

    def __hash__(self) -> int:  # that of its address would differ from run to run
        return hash(self.where.line)

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}>"

    def _instead_of_text(self) -> tuple[str, str]:
        """Return its name in words, and what to write instead of it."""
        if not self.name:  # it is named when the recipe is loaded
            return f"the {self.kind}", "call it in a step, where it has a value"
        return f"the {self.kind} {self.name}", f"call it: {self.name}()"

    if not TYPE_CHECKING:
        __bool__ = _untrue


class Option(_Declared, Generic[_T]):
    """A value that can be chosen for each build; calling it in a step returns the value."""

    kind = "option"

    def __init__(self, default: _T, help: str, where: Where) -> None:  # noqa: A002 (typer's word)
        super().__init__(where)
        self.default = default
        self.help = help

    def __call__(self) -> _T:
        recorder = recorder_for(f"the {self.kind} {self.name}".rstrip() + " is read")
        return cast("_T", recorder.value_of(self))


class Condition(NeverText):
    """A condition that is known while planning, made of flags with `~`, `&` and `|`."""

    def _instead_of_text(self) -> tuple[str, str]:
        """Return its name in words, and what to write instead of it."""
        return "a condition", "call it in a step, where it is on or off"

    def __call__(self) -> bool:
        raise NotImplementedError

    def __invert__(self) -> Condition:
        return _Not(self)

    def __and__(self, other: Condition) -> Condition:
        return _Both(self, other)

    def __or__(self, other: Condition) -> Condition:
        return ~(~self & ~other)

    if not TYPE_CHECKING:
        __bool__ = _untrue


class Flag(Option[bool], Condition):
    """An option that is on or off, and a condition for `step_if`."""

    kind = "flag"


class OptionalPath(Option[Path | None]):
    """An option without a default: a path, or None."""


class _Not(Condition):
    def __init__(self, one: Condition) -> None:
        self._one = one

    def __call__(self) -> bool:
        return not self._one()


class _Both(Condition):
    def __init__(self, one: Condition, other: Condition) -> None:
        self._one, self._other = one, other

    def __call__(self) -> bool:
        return self._one() and self._other()


class Step(_Declared, Generic[_T]):
    """A part of a recipe. Calling it in a step below it returns the result that it had.

    Its name and place default to those of its function.
    """

    kind = "step"

    def __init__(
        self,
        function: Callable[[], _T],
        condition: Condition | None,
        *,
        name: str = "",
        where: Where | None = None,
    ) -> None:
        code = getattr(function, "__code__", None)
        if not isinstance(code, CodeType):
            twice = isinstance(function, Step)
            what = f"@step stands above {'another @step' if twice else 'something else than def'}"
            raise misused(
                what, "write it once, right above the def of a function", code="decorator"
            )
        super().__init__(where or Where(Path(code.co_filename), code.co_firstlineno))
        self.name: str = name or function.__name__
        self.module: str = function.__module__
        self.function = function
        self.condition = condition
        self.__doc__ = function.__doc__

    def __call__(self) -> _T:
        return cast("_T", recorder_for(f"the step {self.name} is called").result_of(self))


def step(function: Callable[[], _T]) -> Step[_T]:
    """Declare a step. Steps run from the top of the recipe to the bottom.

    The function has no parameters and a return type; it calls options, flags and the
    steps above it to get their values. Its name is the step's name in messages and in the plan.
    """
    return Step(function, None)


def step_if(condition: Condition) -> Callable[[Callable[[], _T]], Step[_T | None]]:
    """Declare a step that runs only if a flag is on; otherwise calling it returns None.

    Conditions combine: `step_if(uefi & ~serial)`.
    """

    def decorate(function: Callable[[], _T]) -> Step[_T | None]:
        return Step(cast("Callable[[], _T | None]", function), condition)

    return decorate


def option(default: _V, *, help: str) -> Option[_V]:  # noqa: A002 (typer's word)
    """Declare an option. It has the type of its default and the name of its variable.

    `help` is shown by `vmdsl build RECIPE --help`.
    """
    return Option(default, help, _caller())


def optional_path(*, help: str) -> Option[Path | None]:  # noqa: A002 (typer's word)
    """Declare an option that is a path on the command line, and None if it isn't given."""
    return OptionalPath(None, help, _caller())


def flag(*, default: bool, help: str) -> Flag:  # noqa: A002 (typer's word)
    """Declare a flag: `--name` and `--no-name` on the command line."""
    return Flag(default, help, _caller())


def require(condition: bool, message: str) -> None:  # noqa: FBT001 (reads as a sentence)
    """Refuse the recipe with `message`, together with all other mistakes, unless `condition`."""
    recorder = recorder_for("require() is called")
    if not condition:
        recorder.problem(message, code="requirement")


def _caller() -> Where:
    frame = inspect.currentframe()
    caller = frame.f_back.f_back if frame and frame.f_back else None
    if caller is None:
        return Where(Path())
    return where_in(caller, Path(caller.f_code.co_filename))
