"""Load a recipe: find its steps and its options."""

from __future__ import annotations

import ast
import inspect
import sys
import traceback
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import ModuleType

from vmdsl.errors import Problem, RecipeError, UsageError, Where
from vmdsl.language import recording, steps
from vmdsl.language.recording import Recorder, Refused
from vmdsl.language.steps import Option, Step
from vmdsl.plan.guard import guarded
from vmdsl.values import Size, Suite

OPTION_TYPES = (Size, Suite, StrEnum, str, bool, int)

#: What `vmdsl build` and its like call their own options.
RESERVED = {"output", "cache_dir", "verbose", "help", "seed", "json", "recipe", "log"}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A recipe that was loaded, before any option has a value."""

    path: Path
    module: ModuleType
    steps: tuple[Step[object], ...]
    options: tuple[Option[object], ...]
    problems: tuple[Problem, ...]

    @property
    def name(self) -> str:
        """The name that UUIDs are derived from."""
        return self.path.stem


def module_name(path: Path) -> str:
    """The name that a recipe's module has while vmdsl runs it."""
    return f"vmdsl_recipe_{path.stem}"


def load(path: Path) -> Recipe:
    """Run a recipe's top level, which declares and does nothing else.

    Raises UsageError if the file cannot be read, and RecipeError if it cannot be run.
    """
    path = path.resolve()
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"{path}: the recipe cannot be read: {reason}") from None
    found: list[object] = []
    recorder = Recorder(recipe=path, value_of=_too_early, result_of=_too_early)
    module = ModuleType(module_name(path))
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    undo = recording.start(recorder)
    steps.declared.append(found.append)
    try:
        with guarded(recorder):
            exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102 (a recipe is code)
    except Refused:
        raise RecipeError(*recorder.problems) from None
    except Exception as error:  # noqa: BLE001 (whatever a recipe raises is the recipe's mistake)
        raise RecipeError(*recorder.problems, crash(error, path)) from None
    finally:
        steps.declared.pop()
        undo()
    problems = [*recorder.problems, *_name_options(module, path, found)]
    problems += _imported_steps(module, path, source)
    own = [s for s in found if isinstance(s, Step) and s.module == module.__name__]
    problems += [problem for step in own for problem in _wrong_step(step)]
    seen: dict[str, Step[object]] = {}
    for step in own:
        if step.name in seen:
            problems.append(
                Problem(
                    what=f"there is a step {step.name} at line {seen[step.name].where.line}",
                    where=step.where,
                    hint="give one of them another name",
                )
            )
        seen[step.name] = step
    return Recipe(
        path=path,
        module=module,
        steps=tuple(own),
        options=tuple(o for o in found if isinstance(o, Option) and o.where.file == path),
        problems=tuple(problems),
    )


def crash(error: BaseException, path: Path, step: str = "") -> Problem:
    """An exception that a recipe raised, at the recipe's line that it came from."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return Problem(what=f"syntax error: {error.msg}", where=Where(path, error.lineno or 0))
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    where = Where(path, lines[-1] if lines and lines[-1] else 0)
    return Problem(what=f"{type(error).__name__}: {error}", where=where, step=step)


def _too_early(declared: object) -> object:
    raise AssertionError(f"{declared!r} was read while the recipe was loaded")


def _name_options(module: ModuleType, path: Path, found: list[object]) -> list[Problem]:
    problems = []
    for name, value in vars(module).items():
        if isinstance(value, Option) and not value.name:
            value.name = name
    for option in found:
        if not isinstance(option, Option) or option.where.file != path:
            continue
        what = hint = ""
        if not option.name:
            what, hint = "an option without a name", "write: size = option(GiB(4), help=…)"
        elif option.name in RESERVED or option.name.startswith("_"):
            what = f"the option {option.name} has a name that vmdsl itself uses"
            hint = "call it something else"
        elif not isinstance(option.default, OPTION_TYPES):
            what = f"the option {option.name} is of the type {type(option.default).__name__}"
            hint = "an option is a Size, a Suite, a StrEnum, a str or an int; on or off is a flag"
        elif isinstance(option.default, bool) and option.kind == "option":
            what = f"the option {option.name} is on or off"
            hint = f"write: {option.name} = flag(default={option.default}, help=…)"
        if what:
            problems.append(Problem(what=what, where=option.where, hint=hint))
    return problems


def _imported_steps(module: ModuleType, path: Path, source: str) -> list[Problem]:
    lines = {
        alias.asname or alias.name: node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    return [
        Problem(
            what=f"the {value.kind} {name} comes from another module",
            where=Where(path, lines.get(name, 0)),
            hint="share functions, not steps: a plain function from handles to handles",
        )
        for name, value in vars(module).items()
        if (isinstance(value, Step) and value.module != module.__name__)
        or (isinstance(value, Option) and value.where.file != path)
    ]


def _wrong_step(step: Step[object]) -> list[Problem]:
    problems = []
    signature = inspect.signature(step.function)
    if signature.parameters:
        problems.append(
            Problem(
                what=f"the step {step.name} has parameters",
                where=step.where,
                hint="a step calls the options and the steps above it for what it needs",
            )
        )
    if signature.return_annotation is inspect.Signature.empty:
        problems.append(
            Problem(
                what=f"the step {step.name} doesn't say what it returns",
                where=step.where,
                hint=f"write: def {step.name}() -> Disk: (or -> None), so that mypy checks it",
            )
        )
    if "<locals>" in step.function.__qualname__:
        problems.append(
            Problem(
                what=f"the step {step.name} stands inside a function",
                where=step.where,
                hint="put it at the recipe's top level",
            )
        )
    return problems
