"""Operations, which a recipe asks for, and the recorder of its calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform

from vmdsl.errors import OF_A_LIBRARY, Advice, Code, Problem, Where
from vmdsl.language.positions import way_from
from vmdsl.similar import did_you_mean

_O = TypeVar("_O", bound="Operation")
_C = TypeVar("_C", bound="Operation")


class Refused(Exception):  # noqa: N818 (it ends a step; the mistake itself is a Problem)
    """Ends the step that made a mistake. The evaluator continues with the next one."""


class DependsOnFailed(Refused):
    """Ends a step that calls a failed step. Nothing more is reported about it."""


@dataclass(frozen=True, kw_only=True)
class Script:
    """A script among the arguments of an operation: `about` is the argument's name.

    One that `may_be_data` is not sure to be run.
    """

    text: str
    interpreter: str = "sh"
    name: str = "the script"
    about: str = "script"
    may_be_data: bool = False

    @classmethod
    def of_file(cls, text: str, name: str, about: str) -> tuple[Script, ...]:
        """Return the script that a file is, if its first line names an interpreter."""
        first = text.partition("\n")[0]
        words = first.removeprefix("#!").split() if first.startswith("#!") else []
        if words and words[0].endswith("/env"):
            words = [word for word in words[1:] if not word.startswith("-")]
        program = words[0].rpartition("/")[2] if words else ""
        return (cls(text=text, interpreter=program, name=name, about=about),) if program else ()


@dataclass(frozen=True)
class Origin:
    """The step and the line of the recipe that an operation comes from.

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
    """The operations and problems of one evaluation so far. `line` is that of the step.

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
        """Return the line of the recipe that is running now."""
        return self._way()[0]

    def _way(self) -> tuple[Where, Sequence[FrameType]]:
        """Return the line of the recipe that is running now, and the frames that it has called."""
        where, passed = (self.place, ()) if self.place else way_from(self.recipe)
        return where or Where(self.recipe, self.line), passed

    def problem(
        self,
        what: str,
        hint: str = "",
        *,
        code: str,
        about: str = "",
        kind: type[Problem] = Problem,
    ) -> Problem:
        """Note a mistake at the line that is running now, or at the argument that it is `about`."""
        where, passed = self._way()
        where = _place_of(about, self.places) or where
        through = tuple(Where(Path(f.f_code.co_filename), f.f_lineno) for f in passed)
        found = kind(what=what, code=code, where=where, step=self.step, hint=hint, about=about)
        found = replace(found, through=through)
        if found not in self.problems:
            self.problems.append(found)
        return found


def _place_of(about: str, places: Mapping[str, Where]) -> Where | None:
    """Return the place of an argument; for one element of it that has none, that of the whole."""
    return places.get(about) or places.get(about.partition("[")[0])


_current: ContextVar[Recorder | None] = ContextVar("vmdsl_recorder", default=None)


def start_recording(recorder: Recorder) -> Callable[[], None]:
    """Record calls in `recorder`. Return a function that undoes that."""
    token = _current.set(recorder)
    return lambda: _current.reset(token)


def recorder_for(what: str) -> Recorder:
    """Return the recorder of the current evaluation. Raises RuntimeError outside a step."""
    recorder = _current.get()
    if recorder is None or not recorder.step:
        message = f"{what} outside a step; put it into a function with @step"
        if recorder is not None:
            is_step = what.startswith("the step ")
            hint = "remove this if nothing else is meant: vmdsl runs each step" if is_step else ""
            recorder.problem(message, hint, code="outside-step")
            raise Refused(message)
        raise RuntimeError(message)
    return recorder


def refuse(what: str, hint: str = "", *, about: str = "", code: str = OF_A_LIBRARY) -> Refused:
    """Note a mistake in the recipe. Return an exception, to be raised to end the step.

    `about` is the argument that is wrong: `path`, or `packages[1]`; `code` the kind of mistake.
    """
    recorder_for("an operation is called").problem(what, hint, code=code, about=about)
    return Refused(what)


def warn(what: str, hint: str = "", *, about: str = "", code: str = OF_A_LIBRARY) -> None:
    """Note a warning about a call that may be right. The arguments are those of `refuse()`."""
    recorder_for("an operation is called").problem(what, hint, code=code, about=about, kind=Advice)


def misused(what: str, hint: str, *, code: str) -> Exception:
    """Note the misuse of a value, in a step or at the top level. Return an exception to raise."""
    recorder = _current.get()
    if recorder is None:
        return TypeError(f"{what}: {hint}")
    recorder.problem(what, hint, code=code)
    return Refused(what)


class NeverText:
    """A value of a recipe that refuses to become text, as the text would not be what is meant.

    Outside of an evaluation, it becomes its repr().
    """

    def _instead_of_text(self) -> tuple[str, str]:
        """Return its name in words, and what to write instead of it."""
        raise NotImplementedError

    def __str__(self) -> str:
        if _current.get() is None:
            return repr(self)
        name, hint = self._instead_of_text()
        raise misused(f"{name} cannot become text", hint, code="as-text")

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


def handle_as_text(handle: object) -> tuple[str, str]:
    """Return a handle's name in words, and which of its values are text."""
    values = [
        f".{one.name}"
        for one in fields(handle)  # type: ignore[arg-type]  # handles are dataclasses
        if one.name != "_origin"
        and not isinstance(getattr(handle, one.name), NeverText | tuple | None)
    ]
    more = f", or write which of its values is meant: {', '.join(values)}" if values else ""
    kind = type(handle).__name__
    return f"a handle ({kind})", f"pass it to an operation as it is{more}"


def one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse a value that its type does not allow, as mypy doesn't check data."""
    if value not in choices:
        meant = did_you_mean(value, choices, "'{}'")
        hint = f"{meant} there are {', '.join(choices)}".lstrip()
        raise refuse(f"{name}={value!r} is not known", hint, about=name, code="unknown-value")


def here() -> Origin:
    """Return the step and the line that are running now."""
    recorder = recorder_for("an operation is called")
    directory = recorder.directory or recorder.recipe.parent
    return Origin(recorder.step, recorder.where(), directory, recorder.places, recorder.tag)


def record(operation: _O) -> _O:
    """Add an operation to the end of the plan, and return it.

    For authors of operations: build the frozen dataclass and pass it through here.
    """
    recorder_for("an operation is called").operations.append(operation)
    return operation


def recorded() -> list[Operation]:
    """Return the operations so far, oldest first."""
    return recorder_for("an operation is called").operations


@dataclass_transform(
    frozen_default=True, kw_only_default=True, eq_default=False, field_specifiers=(field,)
)
def operation(cls: type[_C]) -> type[_C]:
    """Make a class of operations a frozen dataclass whose instances equal only themselves."""
    return dataclass(frozen=True, kw_only=True, eq=False)(cls)


@operation
class Operation(NeverText):
    """One thing that a recipe asks for. Each operation is equal only to itself."""

    _origin: Origin = field(default_factory=here, repr=False)

    def __hash__(self) -> int:  # that of its address would differ from run to run
        return hash((self._origin.step, self._origin.where.line))

    @property
    def name(self) -> str:
        """The name of the step that made this."""
        return self._origin.step

    def _summary(self) -> str:
        """Return a few words for the plan and for progress, such as `apt install curl`."""
        return type(self).__name__

    def _instead_of_text(self) -> tuple[str, str]:
        """Return its name in words, and what to write instead of it."""
        return handle_as_text(self)


# Handles are operations too. Names that begin with an underscore are not offered for them where a
# recipe is written, so the functions below serve for everything else.


def origin_of(operation: Operation) -> Origin:
    """Return the step and the line of the recipe that an operation comes from."""
    return operation._origin  # noqa: SLF001 (see above)


def shown_name(operation: Operation) -> str:
    """Return its name in messages: that of the step, or its tag in a specification of vmdb2."""
    return origin_of(operation).tag or origin_of(operation).step


def shown_with_line(operation: Operation) -> str:
    """Return its name in messages, with the line that it is at."""
    return f"{shown_name(operation)} ({origin_of(operation).where})"


def summary_of(operation: Operation) -> str:
    """Return a few words for the plan and for progress, such as `apt install curl`."""
    return operation._summary()  # noqa: SLF001 (see above)


def tools_of(part: LayoutOperation) -> Mapping[str, str]:
    """Return the programs that make a part of the disk, each with its Debian package."""
    return part._tools  # noqa: SLF001 (see above)


def problem_in(
    operation: Operation,
    what: str,
    hint: str = "",
    *,
    code: str = OF_A_LIBRARY,
    about: str = "",
    kind: type[Problem] = Problem,
) -> Problem:
    """Return a mistake in an operation, with its place; with `Advice` as `kind`, a warning.

    `code` is its kind, as `vmdsl explain` knows it. `about` is the argument that is wrong, by its
    name: `path`, or `packages[1]`.
    """
    origin = origin_of(operation)
    where = _place_of(about, origin.places) or origin.where
    return kind(what=what, code=code, where=where, step=origin.step, hint=hint, about=about)


@operation
class Work(Operation):
    """An operation that a build carries out, unlike a handle."""

    #: Programs of the host that this operation starts, checked before a build; as a mapping, each
    #: with the Debian package that it comes from.
    programs: ClassVar[Mapping[str, str] | tuple[str, ...]] = ()
    #: Fields that change nothing in the result, such as the address of a proxy.
    irrelevant: ClassVar[tuple[str, ...]] = ()

    @property
    def origin(self) -> Origin:
        """The step and the line of the recipe that it comes from."""
        return self._origin

    @property
    def directory(self) -> Path:
        """The recipe's directory, which relative names of local files start from."""
        return self.origin.directory

    def summary(self) -> str:
        """Return a few words for the plan and for progress, such as `apt install curl`."""
        return type(self).__name__

    def _summary(self) -> str:
        return self.summary()

    problem = problem_in

    def local_files(self) -> tuple[Path, ...]:
        """Return the local files that are read, relative to the recipe's directory.

        This includes everything that is read in `local_directories`, with directories and symlinks.
        """
        return ()

    def local_directories(self) -> tuple[Path, ...]:
        """Return the local directories that are read, relative to the recipe's."""
        return ()

    def scripts(self) -> tuple[Script, ...]:
        """Return the scripts among its arguments, to be checked before a build."""
        return ()

    def network(self) -> str:
        """Return what it needs the network for, in words for the plan, or "" if it needs none."""
        return ""

    def is_repeatable(self) -> bool:
        """Return whether the result depends only on fields, local files and the tree.

        If so, it is kept for later builds.
        """
        return True

    def check_plan(self, operations: Sequence[Operation], *, complete: bool) -> Iterator[Problem]:
        """Report what is wrong with this operation among all `operations` of its plan.

        A plan that is not `complete`, as a step of it failed, may lack what that step makes.
        """
        del operations, complete
        return iter(())


def code_of(operation: Operation) -> Code:
    """Return the code in a recipe that gets the result of an operation's step: `root()`."""
    return Code(operation.name, tag=shown_name(operation))


@operation
class LayoutOperation(Operation):
    """A part of the disk's layout: only data, and also the handle that the recipe passes on."""

    _tools: ClassVar[Mapping[str, str]] = {}


@operation
class Fact(Operation):
    """A condition that is known only during the build: pass it as `unless=`, never to `if`."""

    def _instead_of_text(self) -> tuple[str, str]:
        """Return its name in words, and what to write instead of it."""
        return "a Fact", "it is known only while building: pass it as unless="

    if not TYPE_CHECKING:  # mypy must not know of it, or it would allow `if fact:`

        def __bool__(self) -> bool:
            what = "a Fact is known only while building, so `if` cannot ask it"
            raise misused(what, "pass it as unless=", code="fact-in-if")
