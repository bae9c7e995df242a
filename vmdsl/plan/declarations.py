"""Checks of the steps and options that a recipe declares, before any step runs."""

from __future__ import annotations

import ast
import inspect
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TypeGuard, get_origin, get_type_hints

from vmdsl.errors import Advice, Problem, Where
from vmdsl.language.operation import NeverText
from vmdsl.language.steps import Option, OptionalPath, Step
from vmdsl.plan.merge import CALLED_AGAIN
from vmdsl.plan.modules import parsed
from vmdsl.plan.uncalled import asked_without_a_call, calls_in_text, forgotten_prefixes
from vmdsl.values import Size, Suite

#: With these, a recipe may read what it does not name.
_ALL_NAMES = {"globals", "locals", "vars", "eval", "exec"}
_ASYNC = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
OPTION_TYPES = (Size, Suite, Path, StrEnum, str, bool, int)

#: The names of the options that commands with a recipe have themselves.
RESERVED = {
    *("cache", "cache_dir", "check", "force", "format", "help", "host_tools", "html", "json"),
    *(
        "log",
        "no_cache",
        "offline",
        "on_error",
        "output",
        "plan",
        "recipe",
        "refresh",
        "seed",
        "timings",
    ),
    *("verbose", "version", "yes"),
}


def declaration_problems(
    module: ModuleType, path: Path, source: str, steps: Sequence[Step[object]], found: list[object]
) -> list[Problem]:
    """Return all mistakes in the declarations. `found` has every declaration, in any module."""
    options = [o for o in found if isinstance(o, Option) and o.where.file == path]
    tree = parsed(source)
    return [
        *(problem for option in options for problem in _wrong_option(option, tree)),
        *_imported(module, path, tree),
        *(problem for step in steps for problem in _wrong_step(step)),
        *_same_names(steps),
        *_names_used_again(module, path, tree, [*options, *steps]),
        *_clashing_flags(options),
        *_unread_options(tree, options),
        *forgotten_prefixes(path, tree, [*options, *steps]),
        *_under_main(path, tree),
        *_never_asked(path, tree),
        *asked_without_a_call(path, tree, [*options, *steps]),
        *_forgotten_steps(path, tree),
        *_called_like_steps(module, path, tree),
    ]


def _unread_options(tree: ast.Module, options: Sequence[Option[object]]) -> Iterator[Problem]:
    """Warn of options that nothing in the recipe mentions."""
    names = {node.id for node in ast.walk(tree) if _reads_a_name(node)}
    names.update(name for _, name in calls_in_text(tree))  # which are reported
    for option in options:
        is_wrong = any(_wrong_option(option, tree))
        if option.name not in names and not is_wrong and not names & _ALL_NAMES:
            yield Advice(
                what=f"no step reads the {option.kind} {option.name}, so it changes nothing",
                where=option.where,
                hint=f"call it: {option.name}(); or remove it",
                code="unread-option",
            )


def _reads_a_name(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)


def name_options(module: ModuleType) -> None:
    """Name each option after its variable."""
    for name, value in vars(module).items():
        if isinstance(value, Option) and not value.name:
            value.name = name


def runs(step: Step[object]) -> bool:
    """Return whether a step is a plain function without parameters, which can run."""
    function = step.function
    return not (
        inspect.signature(function).parameters
        or inspect.iscoroutinefunction(function)
        or inspect.isgeneratorfunction(function)
        or inspect.isasyncgenfunction(function)
    )


def _wrong_option(option: Option[object], tree: ast.Module) -> Iterator[Problem]:
    what = hint = ""
    if not isinstance(option.help, str):
        what, hint = "the help of an option is a text", 'write help="Size of the image."'
    elif not option.name and _named_again(option, tree, _lines_of_names(tree)):
        return  # that is reported there
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
        yield Problem(what=what, where=option.where, hint=hint, code="option")


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
                code="shared-step",
            )


def _wrong_step(step: Step[object]) -> Iterator[Problem]:
    signature = inspect.signature(step.function)
    if signature.parameters:
        yield Problem(
            what=f"the step {step.name} has parameters",
            where=step.where,
            hint="a step calls the options and the steps above it for what it needs",
            code="step-parameters",
        )
    elif not runs(step):
        is_async = step.function.__code__.co_flags & _ASYNC
        what, hint = (
            ("async", "leave out async") if is_async else ("a generator", "leave out yield")
        )
        yield Problem(
            what=f"the step {step.name} is {what}, so it never runs",
            where=step.where,
            hint=hint,
            code="never-runs",
        )
    if signature.return_annotation is inspect.Signature.empty:
        name = step.name if step.name.isidentifier() else "NAME"  # that of a lambda is none
        yield Problem(
            what=f"the step {step.name} doesn't say what it returns",
            where=step.where,
            hint=f"write: def {name}() -> Disk: (or -> None), so that mypy checks it",
            code="return-type",
        )
    if "<locals>" in step.function.__qualname__:
        yield Problem(
            what=f"the step {step.name} stands inside a function",
            where=step.where,
            hint="put it at the recipe's top level",
            code="outside-top-level",
        )


def _same_names(steps: Sequence[Step[object]]) -> Iterator[Problem]:
    seen: dict[str, Step[object]] = {}
    for step in steps:
        first = seen.setdefault(step.name, step)
        if first is not step:
            hint = "give one of them another name"
            if first.where == step.where:
                hint = "it is in a loop: put the loop into the step"
            yield Problem(
                what=f"there is a step {step.name} at line {first.where.line}",
                where=step.where,
                hint=hint,
                code="name-twice",
            )


def _bindings(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Yield each name that the top level binds, and the statement that does it, in order."""
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield statement.name, statement
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            yield from ((a.asname or a.name.partition(".")[0], statement) for a in statement.names)
        else:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield node.id, statement


def _lines_of_names(tree: ast.Module) -> Mapping[str, Sequence[int]]:
    """Return for each name that the top level binds the lines that do it, in order."""
    lines: dict[str, list[int]] = {}
    for name, statement in _bindings(tree):
        lines.setdefault(name, []).append(statement.lineno)
    return lines


def _named_again(
    one: Option[object] | Step[object], tree: ast.Module, bound: Mapping[str, Sequence[int]]
) -> tuple[str, int] | None:
    """Return the name that a declaration is given, and the last line that gives it to another."""
    line = one.where.line
    name = one.name or next(
        (n for n, s in _bindings(tree) if s.lineno <= line <= (s.end_lineno or s.lineno)), ""
    )
    later = [number for number in bound.get(name, ()) if number > line]
    is_step = isinstance(one, Step)
    return (name, later[-1]) if later[is_step:] else None


def _names_used_again(
    module: ModuleType,
    path: Path,
    tree: ast.Module,
    declared: Sequence[Option[object] | Step[object]],
) -> Iterator[Problem]:
    """Report the statement that gives the name of a step or an option to something else."""
    bound = _lines_of_names(tree)
    for one in declared:
        again = _named_again(one, tree, bound)
        if again and not isinstance(vars(module).get(again[0]), Step):
            name, line = again
            yield Problem(
                what=f"the {one.kind} of line {one.where.line} has the name {name} already",
                where=Where(path, line),
                hint="give one of them another name",
                code="name-twice",
            )


def _clashing_flags(options: Sequence[Option[object]]) -> Iterator[Problem]:
    """Report options whose name on the command line is that of a flag that is off."""
    flags = {f"no_{option.name}": option for option in options if option.kind == "flag"}
    for option in options:
        flag = flags.get(option.name)
        if flag is not None:
            spelled = option.name.replace("_", "-")
            yield Problem(
                what=f"--{spelled} already turns off the flag {flag.name}",
                where=option.where,
                hint=f"call the {option.kind} something else than {option.name}",
                code="name-twice",
            )


def _under_main(path: Path, tree: ast.Module) -> Iterator[Problem]:
    """Report what stands under `if __name__ == "__main__"`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and any(
            isinstance(one, ast.Name) and one.id == "__name__" for one in ast.walk(node.test)
        ):
            yield Problem(
                what="a recipe is never __main__, so this never runs",
                where=Where(path, node.lineno),
                hint="put steps at the top level; vmdsl calls them",
                code="never-runs",
            )


def _never_asked(path: Path, tree: ast.Module) -> Iterator[Problem]:
    """Report `map(…)` and generators that are statements: nothing asks for what they give."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.GeneratorExp()):
                what = "a generator"
            case ast.Expr(value=ast.Call(func=ast.Name(id="map" | "filter" as name), args=[_, *_])):
                what = f"{name}()"
            case _:
                continue
        yield Problem(
            what=f"nothing asks {what} for its values, so it calls nothing",
            where=Where(path, node.lineno),
            hint="write a loop: for name in names:",
            code="never-runs",
        )


def _called_like_steps(module: ModuleType, path: Path, tree: ast.Module) -> Iterator[Problem]:
    """Report functions that make a handle anew for each of several callers.

    With one caller it is right, and a warning if the function looks like a step.
    """
    calls = Counter(
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.args
    )
    for node in tree.body:
        function = vars(module).get(getattr(node, "name", ""))
        if isinstance(node, ast.FunctionDef) and isinstance(function, FunctionType):
            with suppress(NameError, TypeError):
                result = get_type_hints(function).get("return")
                made = get_origin(result) or result
                if not (isinstance(made, type) and issubclass(made, NeverText)):
                    continue
                if ast.unparse(node.args):
                    continue
                where = Where(path, node.lineno)
                if calls[node.name] > 1:
                    what = f"{CALLED_AGAIN} {node.name} makes another {made.__name__}"
                    yield Problem(
                        what=what,
                        where=where,
                        hint="put @step above it: a step runs once",
                        code="not-a-step",
                    )
                elif calls[node.name] and _calls_a_step(module, node):
                    what = f"the function {node.name} is written like a step, but it is not one"
                    hint = f"put @step above it: then {node.name} is its name in the plan"
                    yield Advice(what=what, where=where, hint=hint, code="not-a-step")


def _calls_a_step(module: ModuleType, function: ast.FunctionDef) -> bool:
    called = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    names = (one.id for one in called if isinstance(one, ast.Name))
    return any(isinstance(vars(module).get(name), Step) for name in names)


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
                code="not-a-step",
            )
