"""vmdb2 specifications on the command line, with the options of vmdb2 itself."""

from __future__ import annotations

import ast
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperArgument, TyperOption

from vmdsl.builder.image.formats import RAW
from vmdsl.cli.options import as_typer
from vmdsl.cli.paths import check_directory
from vmdsl.errors import Problem, UsageError

if TYPE_CHECKING:
    from vmdsl.vmdb2.load import Loaded

STDIN = Path("-")
_PANEL = "Options of vmdb2"
_OWN = ("image", "output", "rootfs_tarball")

Output = Annotated[
    Path | None, typer.Option(help="The image: the variable `output`.", rich_help_panel=_PANEL)
]
Image = Annotated[
    Path | None,
    typer.Option(help="The image, as --output: the variable `image`.", rich_help_panel=_PANEL),
]
Tarball = Annotated[
    Path | None,
    typer.Option(
        help="The tarball that unpack-rootfs reads and cache-rootfs writes.",
        rich_help_panel=_PANEL,
    ),
]
Variables = Annotated[
    list[str] | None,
    typer.Option(
        "--variable",
        metavar="NAME=VALUE",
        help="A variable of the specification. May be given more than once.",
        show_default=False,
        rich_help_panel=_PANEL,
    ),
]
Lenient = Annotated[
    bool,
    typer.Option(
        "--lenient",
        help="Warn about keys that vmdb2 does not know, instead of refusing them.",
        rich_help_panel=_PANEL,
    ),
]
LogFile = Annotated[
    Path | None,
    typer.Option("--log", help="Write the build's log to this file.", rich_help_panel=_PANEL),
]

#: The long options of vmdb2 itself.
_LONG = (
    *("--help", "--image", "--log", "--output", "--rootfs-tarball", "--variable"),
    *("--verbose", "--version"),
)


@dataclass(frozen=True, kw_only=True)
class Given:
    """The values that the command line gives to a specification."""

    output: Path | None = None
    image: Path | None = None
    rootfs_tarball: Path | None = None
    variable: Sequence[str] | None = None
    lenient: bool = False

    def variables(self, path: Path) -> dict[str, str]:
        """Return the variables of templates. The image is named after `path` if it has no name."""
        values = _values(self.variable or ())
        if path == STDIN and self.output is None and self.image is None:
            raise UsageError(
                "name the image, as standard input has no name: --output FILE", code="usage"
            )
        named = {"output": self.output, "image": self.image}
        if self.output is None and self.image is None:
            named = dict.fromkeys(named, Path(f"{path.stem}{RAW.suffix}"))
        named["rootfs_tarball"] = self.rootfs_tarball
        return {**values, **{name: str(p) for name, p in named.items() if p is not None}}


def is_specification(path: Path) -> bool:
    """Return whether a file that a command names is a vmdb2 specification, not a recipe."""
    return path == STDIN or (path.suffix != ".py" and path.is_file())


def spelled_out(arguments: Sequence[str], with_value: Container[str]) -> list[str]:
    """Write abbreviated long options of vmdb2 in full.

    An argument that follows an option in `with_value` is its value, and is left alone.
    """
    found: list[str] = []
    for argument in arguments:
        name, equals, value = argument.partition("=")
        known = [option for option in _LONG if option.startswith(name)]
        is_value = bool(found) and found[-1] in with_value
        if is_value or len(known) != 1 or len(name) <= len("--"):
            found.append(argument)
        else:
            found.append(known[0] + equals + value)
    return found


def options() -> list[TyperArgument | TyperOption]:
    """Return the options that a command has if it is given a specification."""
    return as_typer(_given)


def _given(
    *,
    output: Output = None,
    image: Image = None,
    rootfs_tarball: Tarball = None,
    variable: Variables = None,
    lenient: Lenient = False,
    log: LogFile = None,
) -> None:
    """Declare vmdb2's options. Never called."""


def load(path: Path, given: Given) -> Loaded:
    """Load a specification, whose plan has the warnings about it."""
    from vmdsl.vmdb2.load import load_specification  # noqa: PLC0415 (slow)
    from vmdsl.vmdb2.reading.read import text_of  # noqa: PLC0415

    here, variables = Path.cwd(), given.variables(path)
    if given.rootfs_tarball is not None:
        check_directory(given.rootfs_tarball)
    text = text_of(path)
    if path != STDIN and _is_python(text):
        what = f"{path} is a recipe in Python, and its name does not end with .py"
        raise UsageError(
            Problem(what=what, hint=f"rename it: mv {path} {path}.py", code="wrong-file")
        )
    if text.startswith("Plan of "):
        what = f"{path} is a plan, not a recipe"
        raise UsageError(
            Problem(
                what=what,
                hint=f"compare with it: vmdsl plan RECIPE --check {path}",
                code="wrong-file",
            )
        )
    return load_specification(
        text,
        here / path if path == STDIN else path.resolve(),
        directory=here,
        variables=variables,
        lenient=given.lenient,
    )


def _is_python(text: str) -> bool:
    """Return whether a text is Python that imports vmdsl."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    modules = [node.module for node in tree.body if isinstance(node, ast.ImportFrom)]
    modules += [n.name for node in tree.body if isinstance(node, ast.Import) for n in node.names]
    return "vmdsl" in modules


def _values(given: Sequence[str]) -> Mapping[str, str]:
    values: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            hint = "write it like --variable hostname=pc"
            raise UsageError(
                Problem(what=f"--variable {text} is not NAME=VALUE", hint=hint, code="usage")
            )
        if name in _OWN:
            option = f"--{name.replace('_', '-')}"
            raise UsageError(
                Problem(
                    what=f"{name} is set with an option of its own",
                    hint=f"{option} FILE",
                    code="usage",
                )
            )
        if name in values:
            raise UsageError(f"--variable {name} is given twice", code="usage")
        if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]  # as vmdb2 does
        values[name] = value
    return values
