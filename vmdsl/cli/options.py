"""Options that several commands have, and functions that read and format values."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from vmdsl.values import Size, Suite, debian_suites

if TYPE_CHECKING:
    from vmdsl.builder.cache.cache_dir import CacheDir

_STEP = 1024
_SECTOR = 512
_EMOJI = re.compile(r":(?=\S+:)")


class Command(TyperCommand):
    """A command whose help is as below."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _without_types(super().get_params(ctx))


class Group(TyperGroup):
    """A command with subcommands whose help is as below."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _without_types(super().get_params(ctx))


def _without_types(parameters: Sequence[Any]) -> list[Any]:
    """Let the help show no type for flags, which take no value, and for arguments."""
    for one in parameters:
        if isinstance(one, TyperArgument) or one.is_flag:
            one.display_type_rich = _no_type
    return list(parameters)


def _no_type(ctx: Any) -> None:
    del ctx


def literal(text: str) -> str:
    """Return rich markup that shows `text` verbatim, with its [brackets] and :words:."""
    from rich.markup import escape  # noqa: PLC0415 (slow)

    # rich looks for emoji in the text between two tags: a tag around each colon prevents that.
    return _EMOJI.sub("[default]:[/default]", escape(text))


Cache = Annotated[
    Path | None,
    typer.Option(
        "--cache-dir",
        help="The directory for layers, packages and logs. "
        r"\[default: $VMDSL_CACHE, or ~/.cache/vmdsl]",
        show_default=False,
    ),
]


def cache_of(given: Path | None) -> CacheDir:
    """Return the given cache directory, or else the user's own."""
    from vmdsl.builder.cache.cache_dir import CacheDir, default_cache_dir  # noqa: PLC0415 (slow)

    return CacheDir(path=given.absolute()) if given else default_cache_dir()


def value_in_words(value: object) -> str:
    """Return the value of a recipe's option in words."""
    if value is None:
        return "none"
    return ("on" if value else "off") if isinstance(value, bool) else str(value)


def rounded(size: int) -> str:
    """Return a number of bytes with three significant digits, or four before the point."""
    number, unit = float(size), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if number < _STEP:
            break
        number, unit = number / _STEP, larger
    return f"{number:.{max(3, len(str(int(number))))}g} {unit}"


def absolute(text: Any) -> Path:
    """Make a path absolute: on the command line it is relative to the current directory."""
    return text if isinstance(text, Path) else Path(text).absolute()


absolute.__name__ = "PATH"


def complete_suites(incomplete: str) -> list[str]:
    """Return the names of Debian's suites that a shell completes a word to."""
    return [name for name in debian_suites() if name.startswith(incomplete)]


def parser(kind: type[Size | Suite]) -> Callable[[str], Any]:
    """Return a function for typer that parses a value, and raises BadParameter for a bad one."""

    def parse(text: Any) -> Size | Suite:
        if isinstance(text, kind):
            return text  # a default
        if kind is Size and text.strip().isdigit() and 0 < int(text) < _SECTOR:
            number = int(text)
            what = f"{number} is a number of bytes. Did you mean {number}G?"
            raise typer.BadParameter(what)
        try:
            return kind.parse(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    parse.__name__ = kind.__name__.upper()
    return parse


def as_typer(function: Callable[..., None]) -> list[TyperArgument | TyperOption]:
    """Return typer's parameter objects for the parameters of a function."""
    app = typer.Typer(add_completion=False)
    app.command()(function)
    made = typer.main.get_command(app).params
    return [p for p in made if isinstance(p, TyperArgument | TyperOption)]
