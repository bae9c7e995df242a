"""Drafts for tests, without the places that each part of one has."""

from __future__ import annotations

from pathlib import Path

from vmdsl.errors import Where
from vmdsl.vmdb2.draft import Argument, Call, Draft, DraftOption, DraftStep
from vmdsl.vmdb2.text import Text, Variable

WHERE = Where(Path("pc.vmdb"), 1)


def call(function: str, *arguments: Argument, module: str = "vmdsl", **named: Argument) -> Call:
    """A call, as it would stand in a recipe."""
    return Call(function=function, arguments=arguments, named=named, module=module, where=WHERE)


def step(
    name: str, *calls: Call, returns: str = "None", comments: tuple[str, ...] = ()
) -> DraftStep:
    """A step of these calls."""
    return DraftStep(name=name, where=WHERE, calls=calls, returns=returns, comments=comments)


def option(name: str, default: str | Path | None = None, *, variable: str = "") -> DraftOption:
    """An option; without a default, of a path."""
    title = name.replace("_", " ").strip().capitalize()
    return DraftOption(name=name, default=default, help=f"{title}.", where=WHERE, variable=variable)


def text(*parts: str | Variable, **values: str) -> Text:
    """A text with variables, which have these values, or else `x`."""
    put_in = (p if isinstance(p, str) else values.get(p.name, "x") for p in parts)
    value = "".join(put_in)
    return Text(value, WHERE, parts)


def template(value: str, source: str) -> Text:
    """A text that comes from more than variables."""
    return Text(value, WHERE, None, source)


def draft(
    *steps: DraftStep,
    options: tuple[DraftOption, ...] = (),
    comments: tuple[str, ...] = (),
    closing: tuple[str, ...] = (),
) -> Draft:
    """A draft of a file pc.vmdb."""
    return Draft(path=WHERE.file, options=options, steps=steps, comments=comments, closing=closing)
