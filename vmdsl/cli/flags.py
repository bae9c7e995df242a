"""A recipe's options as flags of the command line.

They are known only when the recipe is loaded, so the recipe is looked for among the arguments,
and loaded, before they are parsed.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vmdsl.cli import specification
from vmdsl.cli.markup import literal
from vmdsl.cli.options import cache_of, value_in_words
from vmdsl.errors import VmdslError
from vmdsl.values import Size, Suite

if TYPE_CHECKING:
    from vmdsl.language.steps import Option
    from vmdsl.plan.load import Recipe
    from vmdsl.plan.typecheck import TypeCheck
    from vmdsl.vmdb2.load import Loaded

#: Our own options that are followed by a value.
WITH_VALUE = specification.WITH_VALUE | {"-o", "--output", "--cache-dir", "--seed", "--on-error"}


@dataclass(frozen=True)
class Ahead:
    """The recipe that the arguments name; `recipe` is None where it cannot be loaded.

    `types` is mypy at work on it, or None where only help is wanted. A specification of vmdb2 is
    loaded when its options are known. `log` is where its build's log is wanted.
    """

    path: Path
    recipe: Recipe | None
    types: TypeCheck | None = None
    specification: Loaded | None = None
    log: Path | None = None

    @property
    def is_specification(self) -> bool:
        """Whether it is one of vmdb2's specifications."""
        return specification.is_specification(self.path)


@contextmanager
def looking_ahead(arguments: Sequence[str]) -> Iterator[Ahead | None]:
    """Find and load the recipe among a command's arguments, if they name one.

    mypy begins before anything else, and is ended with the block.
    """
    path = find_recipe(arguments)
    if path is None:
        yield None
        return
    if specification.is_specification(path):
        yield Ahead(path, None)
        return

    from vmdsl.plan.typecheck import TypeCheck  # noqa: PLC0415 (slow, and not always needed)

    wanted = path.is_file() and not {"--help", "-h"} & set(arguments)
    types = TypeCheck(path, cache_of(_cache_among(arguments)).mypy) if wanted else None
    try:
        yield Ahead(path, _loaded(path), types)
    finally:
        if types:
            types.stop()


def as_vmdb2(arguments: Sequence[str]) -> Sequence[str]:
    """The arguments of a command as vmdb2 would take them, unless they name a recipe in Python."""
    full = specification.spelled_out(arguments)
    path = find_recipe(full)
    return arguments if path is not None and path.suffix == ".py" else full


def _loaded(path: Path) -> Recipe | None:
    from vmdsl.plan.load import load  # noqa: PLC0415 (slow, and not always needed)

    try:
        with redirect_stdout(sys.stderr):
            return load(path)
    except VmdslError:
        return None  # the command says why


def _cache_among(arguments: Sequence[str]) -> Path | None:
    """The directory that --cache-dir gives, if it is among the arguments."""
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name, _, value = argument.partition("=")
        if name == "--cache-dir" and (value or following):
            return Path(value or following)
    return None


def find_recipe(arguments: Sequence[str]) -> Path | None:
    """The first argument that is a Python file, or else the first that isn't an option."""
    words: list[str] = []
    is_value = False
    for argument in arguments:
        if not is_value and (not argument.startswith("-") or argument == "-"):
            words.append(argument)
        is_value = not is_value and argument in WITH_VALUE
    files = [word for word in words if word.endswith(".py") and Path(word).is_file()]
    chosen = (files or words)[:1]
    return Path(chosen[0]) if chosen else None


def with_flags(command: Callable[..., None], ahead: Ahead | None) -> Callable[..., None]:
    """The command with a parameter for each option of the recipe.

    It is called with `ahead` and the options' `values`, by name, besides parameters of its own.
    """
    options = _usable(ahead.recipe) if ahead and ahead.recipe else []
    own = inspect.signature(command, eval_str=True).parameters
    parameters = [p for p in own.values() if p.name not in {"ahead", "values"}]
    parameters += [_parameter(o, ahead.path) for o in options if ahead]
    of_vmdb2 = []
    if ahead is None or ahead.is_specification:
        taken = {*own, "output"} if "written" in own else {*own}
        of_vmdb2 = [p for p in specification.parameters() if p.name not in taken]
        parameters += of_vmdb2

    def run(**arguments: Any) -> None:
        given = {o.name: arguments.pop(o.name) for o in options}
        values = {name: value for name, value in given.items() if value is not None}
        found = ahead
        if ahead and ahead.is_specification:
            said = {p.name: arguments.pop(p.name) for p in of_vmdb2}
            if "output" in own:
                said["output"] = arguments["output"]
            elif "written" in own:  # its --output is what it writes
                said["output"] = said["image"]
            log = said.pop("log")
            loaded = specification.load(ahead.path, specification.Given(**said))
            found = replace(ahead, recipe=loaded.recipe, specification=loaded, log=log)
        command(ahead=found, values=values, **arguments)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # inspect's own
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    return run


def _usable(recipe: Recipe) -> list[Option[object]]:
    """The options that nothing is wrong with; the mistakes are reported with the others."""
    wrong = {problem.where for problem in recipe.problems}
    return [o for o in recipe.options if o.name and o.where not in wrong]


def _parameter(option: Option[object], recipe: Path) -> inspect.Parameter:
    name = option.name.replace("_", "-")
    default = option.default
    is_path = isinstance(default, Path | None)
    kind: Any = Path if is_path else type(default)
    flag = f"--{name}/--no-{name}" if kind is bool else f"--{name}"
    shown = value_in_words(default)
    info = typer.Option(
        flag,
        help=f"{literal(option.help + ' ')}[dim]{literal(f'[default: {shown}]')}[/dim]",
        show_default=False,
        rich_help_panel=f"Options of {recipe.name}",
        parser=_parser(kind),
    )
    return inspect.Parameter(
        option.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind | None, info],
    )


def _parser(kind: type) -> Callable[[str], Any] | None:
    """What reads a value of a type that typer doesn't know."""
    if issubclass(kind, Size | Suite):
        return parser(kind)
    if issubclass(kind, Path):
        return absolute
    if issubclass(kind, StrEnum | str | int):
        return None
    raise AssertionError(f"an option of the type {kind.__name__} was let through")


def absolute(text: Any) -> Path:
    """Read a path: on the command line it starts where the user is, in a recipe beside it."""
    return text if isinstance(text, Path) else Path(text).absolute()


absolute.__name__ = "PATH"


def parser(kind: type[Size | Suite]) -> Callable[[str], Any]:
    """Read a value; what is wrong with it becomes a message of the command line."""

    def parse(text: Any) -> Size | Suite:
        if isinstance(text, kind):
            return text  # a default
        try:
            return kind.parse(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    parse.__name__ = kind.__name__.upper()
    return parse
