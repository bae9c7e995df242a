"""Operations: what a recipe asks for, and the recorder that its calls are written down in."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform

from vmdsl.errors import Code, Problem, Where

_O = TypeVar("_O", bound="Operation")
_C = TypeVar("_C", bound="Operation")


class Refused(Exception):  # noqa: N818 (it ends a step; the mistake itself is a Problem)
    """Ends the step that made a mistake. The evaluator goes on with the next one."""


class DependsOnFailed(Refused):
    """Ends a step that calls a step that failed: there is nothing more to say of it."""


@dataclass(frozen=True)
class Origin:
    """Which step of the recipe, and which line of it, an operation comes from.

    Names of local files are relative to `directory`. Where the recipe is not in Python, `places`
    are those of the call's arguments, by their names, and `tag` is the name of the step there.
    """

    step: str
    where: Where
    directory: Path
    places: Mapping[str, Where] = field(default_factory=dict)
    tag: str = ""


@dataclass
class Recorder:
    """What one evaluation of one recipe has come to so far. `line` is that of the step.

    `place` is what is evaluated now, where the recipe is not in Python; otherwise its frames tell.
    `places` and `tag` are then those of Origin. Without a `directory` local files are beside the
    recipe.
    """

    recipe: Path
    value_of: Callable[[object], Any]
    result_of: Callable[[object], Any]
    directory: Path | None = None
    step: str = ""
    line: int = 0
    place: Where | None = None
    places: Mapping[str, Where] = field(default_factory=dict)
    tag: str = ""
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

    def problem(self, what: str, hint: str = "", *, about: str = "") -> Problem:
        """Note a mistake at the line that is running now, or at the argument that it is `about`."""
        where = _place_of(about, self.places) or self.where()
        found = Problem(what=what, where=where, step=self.step, hint=hint, about=about)
        if found not in self.problems:
            self.problems.append(found)
        return found


def _place_of(about: str, places: Mapping[str, Where]) -> Where | None:
    """Return the place of an argument; for one element of it that has none, that of the whole."""
    return places.get(about) or places.get(about.partition("[")[0])


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


def refuse(what: str, hint: str = "", *, about: str = "") -> Refused:
    """Note a mistake in the recipe; raise what this returns to end the step.

    `about` is the argument that is wrong, by its name, or by its name and an index: `packages[1]`.
    """
    recorder_for("an operation is called").problem(what, hint, about=about)
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
        raise refuse(
            f"{name}={value!r} is not known",
            f"{hint}there are {', '.join(choices)}",
            about=name,
        )


def here() -> Origin:
    """The step and the line that are running now."""
    recorder = recorder_for("an operation is called")
    directory = recorder.directory or recorder.recipe.parent
    return Origin(recorder.step, recorder.where(), directory, recorder.places, recorder.tag)


def record(operation: _O) -> _O:
    """Add an operation to the plan, after those that stand there, and return it.

    For authors of operations: build the frozen dataclass and pass it through here.
    """
    recorder_for("an operation is called").operations.append(operation)
    return operation


def recorded() -> list[Operation]:
    """The operations so far, oldest first."""
    return recorder_for("an operation is called").operations


@dataclass_transform(
    frozen_default=True, kw_only_default=True, eq_default=False, field_specifiers=(field,)
)
def operation(cls: type[_C]) -> type[_C]:
    """Make a class of operations a frozen dataclass whose instances equal only themselves."""
    return dataclass(frozen=True, kw_only=True, eq=False)(cls)


@operation
class Operation:
    """One thing that a recipe asks for. Two operations are equal only if they are the same one."""

    origin: Origin = field(default_factory=here, repr=False)

    #: Programs of the host that this operation starts, checked before a build; as a mapping, each
    #: with the Debian package that it comes from.
    programs: ClassVar[Mapping[str, str] | tuple[str, ...]] = ()
    #: Fields that change nothing in the result, such as the address of a proxy.
    irrelevant: ClassVar[tuple[str, ...]] = ()

    @property
    def name(self) -> str:
        """The name of the step that made this."""
        return self.origin.step

    @property
    def shown(self) -> str:
        """The name in messages: that of the step, or its tag in a specification of vmdb2."""
        return self.origin.tag or self.origin.step

    @property
    def as_code(self) -> Code:
        """How a recipe names what the step returned: `root()`."""
        return Code(self.name, tag=self.shown)

    @property
    def directory(self) -> Path:
        """The recipe's directory, which relative names of local files start from."""
        return self.origin.directory

    def summary(self) -> str:
        """A few words for the plan and for progress, such as `apt install curl`."""
        return type(self).__name__

    def local_files(self) -> tuple[Path, ...]:
        """Files of the recipe's machine that are read, relative to the recipe's directory.

        Of what is in `local_directories`, all that is read: directories and symlinks too.
        """
        return ()

    def local_directories(self) -> tuple[Path, ...]:
        """Directories of the recipe's machine that are read, relative to the recipe's."""
        return ()

    def argument(self, *values: object) -> str:
        """Return the name of the first argument that is or holds one of the values, or ""."""
        for one in fields(self):
            held = getattr(self, one.name)
            if held in values:
                return one.name
            for number, item in enumerate(held if isinstance(held, tuple) else ()):
                if item in values:
                    return f"{one.name}[{number}]"
        return ""

    def is_repeatable(self) -> bool:
        """Whether equal fields, local files and trees have equal results, which are then kept."""
        return True

    def check_plan(self, operations: Sequence[Operation], *, complete: bool) -> Iterator[Problem]:
        """Report what is wrong with this operation among all `operations` of its plan.

        A plan that is not `complete`, as a step of it failed, may lack what that step makes.
        """
        del operations, complete
        return iter(())

    def problem(self, what: str, hint: str = "", *, about: str = "") -> Problem:
        """Return a mistake in this operation, with its place.

        `about` is the argument that is wrong, by its name: `path`, or `packages[1]`.
        """
        where = _place_of(about, self.origin.places) or self.origin.where
        return Problem(what=what, where=where, step=self.origin.step, hint=hint, about=about)


@operation
class LayoutOperation(Operation):
    """A part of the disk's layout: data only, and at once the handle that the recipe passes on."""


@operation
class Fact(Operation):
    """A truth that is known only while building: pass it as `unless=`, never to `if`."""

    if not TYPE_CHECKING:  # mypy must not know of it, or it would allow `if fact:`

        def __bool__(self) -> bool:
            raise misused(
                "a Fact is known only while building, so `if` cannot ask it", "pass it as unless="
            )
