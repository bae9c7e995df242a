"""Options that several commands have, and functions that read and format values."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from functools import partial
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
        return _adapted(super().get_params(ctx))


class Group(TyperGroup):
    """A command with subcommands whose help is as below."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _adapted(super().get_params(ctx))


def _adapted(parameters: Sequence[Any]) -> list[Any]:
    """Let the help show no type for flags, which take no value, and for arguments.

    And let typer convert only values that are not used as they are: it imports pydantic to convert
    any, even None, which takes long before a command begins.
    """
    for one in parameters:
        if isinstance(one, TyperArgument) or one.is_flag:
            one.display_type_rich = _no_type
        one.process_value = partial(_process, one)
    return list(parameters)


def _process(one: TyperArgument | TyperOption, ctx: Any, value: Any) -> Any:
    """Return the value of a parameter as its command takes it."""
    parse, is_several = _parse_of(one, value), one.multiple or one.nargs != 1
    if one.value_is_missing(value):
        value, is_ready = () if is_several else value, not one.required
    elif value == one.default:
        is_ready = True
    elif is_ready := parse is not None:
        value = [*map(parse, value)] if is_several else parse(value)
    if not is_ready:
        return type(one).process_value(one, ctx, value)
    return one.callback(ctx, one, value) if one.callback else value


def _parse_of(one: TyperArgument | TyperOption, value: object) -> Callable[[Any], Any] | None:
    """Return the function that converts a value if typer is not needed for it, or None."""
    about = one.type_descriptor
    if about.parameter_info.parser is not None or not isinstance(value, str):
        return about.parameter_info.parser
    if about.annotation is Path:
        is_unreadable = os.path.lexists(value) and not os.access(value, os.R_OK)
        return None if is_unreadable else Path  # typer's report names the option
    return str if about.annotation is str else None


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


Refresh = Annotated[
    bool,
    typer.Option("--refresh", help="Fetch the archives' indexes again, even if they are recent."),
]
Offline = Annotated[
    bool,
    typer.Option(
        "--offline", help="Use no network, only the archives' indexes and packages in the cache."
    ),
]
NoCache = Annotated[
    bool,
    typer.Option(
        "--no-cache", help="Run every step again: use no results of earlier builds and keep none."
    ),
]

HostTools = Annotated[
    bool,
    typer.Option(
        "--host-tools",
        help="Let programs of this machine make the disk, not Debian's own of one suite: "
        "other hosts may make other bytes.",
    ),
]


def cache_of(given: Path | None) -> CacheDir:
    """Return the given cache directory, or else the user's own."""
    from vmdsl.builder.cache.cache_dir import CacheDir, default_cache_dir  # noqa: PLC0415 (slow)

    return CacheDir(path=given.absolute()) if given else default_cache_dir()


def print_version(wanted: bool) -> None:  # noqa: FBT001 (typer calls it)
    """Print the version and exit, if that is wanted."""
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 (slow)

        typer.echo(f"vmdsl {version('vmdsl')}")
        raise typer.Exit


#: `vmdb2 --version`, where a script calls `vmdsl build --lenient` by that name.
Version = Annotated[
    bool, typer.Option("--version", callback=print_version, is_eager=True, hidden=True)
]


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
