"""`vmdsl plan` for people: the plan's text on a terminal or as a page, and what today adds."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from vmdsl.builder.cache.cache_dir import CacheDir
from vmdsl.builder.cache.forecast import Expected, expect
from vmdsl.cli.paths import check_directory, replace_file
from vmdsl.cli.problems import show_obstacles
from vmdsl.plan.plan import Plan
from vmdsl.review.describe import WIDTH, describe
from vmdsl.review.outline import write
from vmdsl.review.page import State, page

_WIDEST = 120  # a bar that is wider is no clearer
_ENTRY = re.compile(r"(  )(\S.*?)( \(line \d+\))?(: .*)")
_ARGUMENT = re.compile(r"( {4,})([^|!\s\\-].*?:)( .*)?")


def show_plan(plan: Plan, console: Console | None = None) -> None:
    """Print the text of a plan. On a terminal it has colours, and its lines are wrapped."""
    console = console or Console(highlight=False)
    width = min(console.width, _WIDEST) if console.is_terminal else WIDTH
    outline = describe(plan, width=width, ascii_only=console.options.ascii_only)
    for line in write(outline, lines=True).splitlines():
        if console.is_terminal:
            for text in _coloured(line, console.width):
                console.print(text, soft_wrap=True)
        else:
            console.file.write(f"{line}\n")


def wrapped(line: str, width: int) -> list[str]:
    """Return a line as those of a terminal. Further ones are indented more."""
    indent = len(line) - len(line.lstrip("+- "))
    return textwrap.wrap(
        line.expandtabs(),
        width,
        subsequent_indent=" " * min(indent + 4, width // 2),
        replace_whitespace=False,
        break_on_hyphens=False,
    ) or [""]


def _coloured(line: str, width: int) -> Iterator[Text]:
    """Yield a line of a plan as the lines of a terminal."""
    first, *more = wrapped(line, width)
    if not line.startswith(" "):
        yield Text(first, "bold")
    elif found := _ENTRY.fullmatch(first):
        yield Text.assemble(found[1], (found[2], "cyan"), (found[3] or "", "dim"), found[4])
    elif found := _ARGUMENT.fullmatch(first):
        yield Text.assemble(found[1], (found[2], "dim"), found[3] or "")
    else:
        yield Text(first)
    yield from map(Text, more)


def show_today(plan: Plan, expected: Sequence[Expected], console: Console) -> None:
    """Print what the cache has, and what keeps this machine from building.

    `expected` is the forecast for the operations on the tree; empty if there was no build yet.
    """
    if expected:
        console.print(Text("\nThe next build", style="bold"))
    for operation, one in zip(plan.tree_operations, expected, strict=False):
        how = Text(one.how, "green") if one.how else Text("to do", "yellow")
        line = f" (line {operation.origin.where.line})"
        said = Text.assemble("  ", (operation.name, "cyan"), (line, "dim"), ": ", how)
        console.print(said.append(f", {operation.summary()}"), soft_wrap=True)
        if one.reason:
            console.print(Text(f"    {one.reason}", "yellow"), soft_wrap=True)
    if plan.obstacles:
        console.print()
        show_obstacles(plan.obstacles, console)


def write_page(file: Path, plan: Plan, cache: CacheDir) -> None:
    """Write a plan as a page."""
    check_directory(file)
    states = [State(how=one.how, reason=one.reason) for one in expect(plan, cache=cache)]
    replace_file(file, page(plan, states))
