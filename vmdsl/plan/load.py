"""Loads a recipe: finds its steps and its options."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from vmdsl import values
from vmdsl.errors import Problem, RecipeError, UsageError, Where
from vmdsl.language import steps
from vmdsl.language.operation import Recorder, Refused, start_recording
from vmdsl.language.steps import Option, Step
from vmdsl.plan.declarations import declaration_problems, name_options
from vmdsl.plan.guard import guarded
from vmdsl.plan.merge import Crash
from vmdsl.plan.replaced import in_utc
from vmdsl.plan.unchecked import unchecked

_VMDSL = Path(values.__file__).parent
_DECLARED = re.compile(r"\b(?:Option|Flag|Step)\b")
_NOT_A_PACKAGE = "a recipe is not in a package: write it without the dot"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A loaded recipe, before any option has a value.

    Names of local files are relative to `directory`. `module` is None if it is not in Python.
    """

    path: Path
    directory: Path
    module: ModuleType | None
    steps: tuple[Step[object], ...]
    options: tuple[Option[object], ...]
    problems: tuple[Problem, ...]

    @property
    def names(self) -> Mapping[str, object]:
        """Everything that has a name at its top level, including imports."""
        return vars(self.module) if self.module else {}

    @property
    def name(self) -> str:
        """The name that UUIDs are derived from."""
        return self.path.parent.name if self.path.stem == "__init__" else self.path.stem


@contextmanager
def isolated(path: Path) -> Iterator[None]:
    """Forget afterwards the modules beside a recipe: the next one may have others of that name."""
    recipe, modules, places = path.resolve(), set(sys.modules), list(sys.path)
    try:
        yield
    finally:
        sys.path[:] = places
        for name in set(sys.modules) - modules:
            file = getattr(sys.modules[name], "__file__", None)
            if file and _is_beside(file, recipe):
                del sys.modules[name]


def module_name(path: Path) -> str:
    """Return the name that a recipe's module has while vmdsl runs it."""
    return f"vmdsl_recipe_{path.stem}"


def load(path: Path) -> Recipe:
    """Run a recipe's top level, which only declares steps and options.

    Raises UsageError if the file cannot be read, and RecipeError if it cannot be run.
    """
    path = path.resolve()
    try:
        source = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(
            f"{path}: the recipe cannot be read: {reason}", code="no-such-file"
        ) from None
    found: list[object] = []
    recorder = Recorder(recipe=path, value_of=_too_early, result_of=_too_early)
    module = ModuleType(module_name(path))
    module.__file__, module.__package__ = str(path), _package_of(path)
    sys.modules[module.__name__] = module
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    undo = start_recording(recorder)
    steps.declared.append(found.append)
    try:
        with in_utc(), guarded(recorder):
            exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102 (a recipe is code)
    except Refused:
        raise RecipeError(*recorder.problems) from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 (what a recipe raises is its mistake)
        raise RecipeError(*recorder.problems, crash(error, path)) from None
    finally:
        steps.declared.pop()
        undo()
    name_options(module)
    own = [s for s in found if isinstance(s, Step) and s.module == module.__name__]
    return Recipe(
        path=path,
        directory=path.parent,
        module=module,
        steps=tuple(own),
        options=tuple(o for o in found if isinstance(o, Option) and o.where.file == path),
        problems=(
            *recorder.problems,
            *declaration_problems(module, path, source, own, found),
            *unchecked(path),
        ),
    )


def crash(error: BaseException, path: Path, step: str = "", place: Where | None = None) -> Problem:
    """Return an exception of a recipe as a problem, at `place` or the line that it came from.

    That may be a line of a module beside the recipe.
    """
    if isinstance(error, SyntaxError) and error.filename and _is_beside(error.filename, path):
        start = (error.offset or 0) - 1
        where = Where(Path(error.filename), error.lineno or 0, start=start, end=start + 1)
        return Problem(what=f"syntax error: {error.msg}", where=where, code="syntax")
    frames = traceback.extract_tb(error.__traceback__)
    own = [_place(f) for f in frames if _is_beside(f.filename, path)]
    what = f"{type(error).__name__}: {error}".removesuffix(": ")
    code = "import" if isinstance(error, ImportError) else "crash"
    if isinstance(error, ValueError) and frames and frames[-1].filename == values.__file__:
        what, code = str(error), "value"  # a sentence for users
    hint = _NOT_A_PACKAGE if isinstance(error, ImportError) and "relative import" in what else ""
    kind = Crash if isinstance(error, TypeError | NameError | AttributeError) else Problem
    if isinstance(error, SystemExit):
        hint, code = "require(False, message) refuses the recipe with a message", "exits"
    if isinstance(error, AssertionError):
        hint = "require(condition, message) refuses the recipe with a message"
    if isinstance(error, TypeError) and _DECLARED.search(what):
        hint = "call options, flags and steps for their values: name()"
    if isinstance(error, OSError) and not Path(str(error.filename or "/")).is_absolute():
        hint = f"names start in {Path.cwd()} here; Path(__file__).parent is the recipe's directory"
    if isinstance(error, UnboundLocalError):
        hint = "if a step or an option has that name, call the variable something else"
    return kind(
        what=what, code=code, where=place or (own or [Where(path)])[-1], step=step, hint=hint
    )


def _place(frame: traceback.FrameSummary) -> Where:
    line, start = frame.lineno or 0, -1 if frame.colno is None else frame.colno
    end = frame.end_colno if frame.end_lineno == line else None
    return Where(Path(frame.filename), line, start=start, end=-1 if end is None else end)


def _is_beside(file: str, recipe: Path) -> bool:
    """Return whether a file is the recipe, or a module that its author has put beside it."""
    place, folder = Path(file), recipe.parent
    if any(part.endswith("-packages") for part in place.parts):  # there packages are side by side
        return place == recipe or (place.parent == folder and (folder / "__init__.py").is_file())
    return place.is_relative_to(folder) and not place.is_relative_to(_VMDSL)


def _package_of(path: Path) -> str:
    """Return the package that a recipe's file is in, if it can be imported, or ""."""
    names: list[str] = []
    folder = path.parent
    while (folder / "__init__.py").is_file():
        names.insert(0, folder.name)
        folder = folder.parent
    return ".".join(names) if names and folder in [Path(p).resolve() for p in sys.path] else ""


def _too_early(declared: object) -> object:
    raise AssertionError(f"{declared!r} was read while the recipe was loaded")
