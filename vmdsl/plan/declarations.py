"""Checks of the steps and options that a recipe declares, before any step runs."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from types import ModuleType

from vmdsl.errors import Problem, Where
from vmdsl.language.steps import Option, OptionalPath, Step
from vmdsl.values import Size, Suite

OPTION_TYPES = (Size, Suite, Path, StrEnum, str, bool, int)

#: The names of the options that commands with a recipe have themselves.
RESERVED = {
    *("cache", "cache_dir", "force", "help", "json", "log", "no_cache", "offline", "on_error"),
    *("output", "recipe", "refresh", "seed", "timings", "verbose", "version"),
}


def declaration_problems(
    module: ModuleType, path: Path, source: str, steps: Sequence[Step[object]], found: list[object]
) -> list[Problem]:
    """Return all mistakes in the declarations. `found` has every declaration, in any module."""
    options = [o for o in found if isinstance(o, Option) and o.where.file == path]
    tree = ast.parse(source)
    return [
        *(problem for option in options for problem in _wrong_option(option)),
        *_imported(module, path, tree),
        *(problem for step in steps for problem in _wrong_step(step)),
        *_same_names(steps),
        *_forgotten_steps(path, tree),
    ]


def name_options(module: ModuleType) -> None:
    """Name each option after its variable."""
    for name, value in vars(module).items():
        if isinstance(value, Option) and not value.name:
            value.name = name


def _wrong_option(option: Option[object]) -> Iterator[Problem]:
    what = hint = ""
    if not option.name:
        what, hint = "an option without a name", "write: size = option(GiB(4), help=…)"
    elif option.name in RESERVED or option.name.startswith("_"):
        what = f"the option {option.name} has a name that vmdsl itself uses"
        hint = "call it something else"
    elif not isinstance(option, OptionalPath) and not isinstance(option.default, OPTION_TYPES):
        what = f"the option {option.name} is of the type {type(option.default).__name__}"
        hint = (
            "an option is a Size, a Suite, a Path, a StrEnum, a str or an int; "
            "on or off is a flag; a path or None is an optional_path"
        )
    elif isinstance(option.default, bool) and option.kind == "option":
        what = f"the option {option.name} is on or off"
        hint = f"write: {option.name} = flag(default={option.default}, help=…)"
    if what:
        yield Problem(what=what, where=option.where, hint=hint)


def _imported(module: ModuleType, path: Path, tree: ast.Module) -> Iterator[Problem]:
    lines = {
        alias.asname or alias.name: node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for name, value in vars(module).items():
        if (isinstance(value, Step) and value.module != module.__name__) or (
            isinstance(value, Option) and value.where.file != path
        ):
            yield Problem(
                what=f"the {value.kind} {name} comes from another module",
                where=Where(path, lines.get(name, lines.get("*", 0))),
                hint="share functions, not steps: a plain function from handles to handles"
                if isinstance(value, Step)
                else "declare it here: options belong to one recipe",
            )


def _wrong_step(step: Step[object]) -> Iterator[Problem]:
    signature = inspect.signature(step.function)
    if signature.parameters:
        yield Problem(
            what=f"the step {step.name} has parameters",
            where=step.where,
            hint="a step calls the options and the steps above it for what it needs",
        )
    if signature.return_annotation is inspect.Signature.empty:
        yield Problem(
            what=f"the step {step.name} doesn't say what it returns",
            where=step.where,
            hint=f"write: def {step.name}() -> Disk: (or -> None), so that mypy checks it",
        )
    if "<locals>" in step.function.__qualname__:
        yield Problem(
            what=f"the step {step.name} stands inside a function",
            where=step.where,
            hint="put it at the recipe's top level",
        )


def _same_names(steps: Sequence[Step[object]]) -> Iterator[Problem]:
    seen: dict[str, Step[object]] = {}
    for step in steps:
        first = seen.setdefault(step.name, step)
        if first is not step:
            yield Problem(
                what=f"there is a step {step.name} at line {first.where.line}",
                where=step.where,
                hint="give one of them another name",
            )


def _forgotten_steps(path: Path, tree: ast.Module) -> Iterator[Problem]:
    """Report functions that could be steps, but are not, and that the recipe never mentions."""
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in tree.body:
        if (
            isinstance(node, ast.FunctionDef)
            and not node.decorator_list
            and ast.unparse(node.args) == ""
            and node.name not in used
        ):
            yield Problem(
                what=f"nothing calls the function {node.name}",
                where=Where(path, node.lineno),
                hint="put @step above it, or remove it",
            )
