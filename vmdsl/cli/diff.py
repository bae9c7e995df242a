"""`vmdsl diff`: what is different between two recipes, plans, specifications or revisions."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, redirect_stdout
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vmdsl import review
from vmdsl.cli.options import Cache, cache_of
from vmdsl.cli.paths import existing_file
from vmdsl.cli.recipe_command import named_recipe
from vmdsl.cli.reporting import report_warnings
from vmdsl.cli.specification import Given, is_specification, load
from vmdsl.errors import UsageError
from vmdsl.plan.offered import offered_names

if TYPE_CHECKING:
    from rich.console import Console

    from vmdsl.plan.plan import Plan
    from vmdsl.review.compare import Change, Detail
    from vmdsl.review.outline import Outline

#: Grows when a field of the JSON is taken away, or changes its meaning; not when one is added.
FORMAT_VERSION = 1
#: The JSON Schema of what `as_json` returns.
SCHEMA = Path(review.__file__).with_name("diff.schema.json")
_MARKS = {"added": "+", "removed": "-", "changed": " ", "moved": " "}
_COLOURS = {"+": "green", "-": "red", " ": ""}
#: Names of details that are consequences of others.
_REMARKS = ("moves with it", "changes with it")
#: Values that do not fit in so many columns together are in two lines.
_WIDTH = 80

_Side = typer.Argument(
    show_default=False,
    help="A recipe, by its file or name, a plan (FILE.plan), a vmdb2 specification, or a revision "
    "of a file: main:recipes/server.py.",
)
_Json = Annotated[bool, typer.Option("--json", help="Print the differences as JSON.")]


def diff(
    before: Annotated[str, _Side],
    after: Annotated[str, _Side],
    *,
    json: _Json = False,
    cache_dir: Cache = None,
) -> int:
    """Show what is different between two recipes or plans, by what it is about.

    Options of recipes have their defaults. The exit code is 0 if nothing is different, 2 if
    something is, and 1 on an error.
    """
    from vmdsl.cli.reviewed import DIFFERENT  # noqa: PLC0415 (slow)
    from vmdsl.review.compare import compare  # noqa: PLC0415

    cache = cache_of(cache_dir).mypy
    changes = compare(_outline(before, cache), _outline(after, cache))
    if json:
        typer.echo(as_json(before, after, changes), nl=False)
    else:
        from rich.console import Console  # noqa: PLC0415 (slow)

        show(before, after, changes, Console(highlight=False))
    return DIFFERENT if changes else 0


def _outline(side: str, cache: Path) -> Outline:
    """Return the plan of one side."""
    from vmdsl.review.outline import is_plan  # noqa: PLC0415 (slow)
    from vmdsl.review.revisions import checked_out  # noqa: PLC0415

    revision, colon, path = side.partition(":")
    with ExitStack() as stack:
        file = Path(side)
        if colon and revision and not file.exists():
            file = stack.enter_context(checked_out(revision, path))
        elif not file.exists():
            file = named_recipe(side).path
        if file.suffix == ".plan" or is_plan(file):
            from vmdsl.cli.reviewed import read_reviewed  # noqa: PLC0415 (slow)

            return read_reviewed(file)
        return _planned(file, cache)


def _planned(file: Path, cache: Path) -> Outline:
    """Return the plan of a recipe or specification, which mypy does not check here."""
    from vmdsl.cli.policies import with_findings  # noqa: PLC0415
    from vmdsl.cli.slow_recipe import watched  # noqa: PLC0415 (slow)
    from vmdsl.plan.load import isolated  # noqa: PLC0415
    from vmdsl.plan.plan import make_plan  # noqa: PLC0415
    from vmdsl.plan.typecheck import Untyped  # noqa: PLC0415
    from vmdsl.review.describe import describe  # noqa: PLC0415
    from vmdsl.review.outline import without_lines  # noqa: PLC0415

    plan: Plan
    if str(file) == "-":
        raise UsageError("vmdsl diff reads no standard input: name a file", code="no-such-file")
    if is_specification(file):
        loaded = load(file, Given())
        report_warnings(loaded.warnings)
        plan = with_findings(loaded.plan({}), loaded.remarks)
    else:
        existing_file(file, "recipe", ".py", offered_names)
        with redirect_stdout(sys.stderr), watched(file), isolated(file):
            plan = with_findings(make_plan(file, {}, cache=cache, types=Untyped()))
    return without_lines(describe(plan))


def as_json(before: str, after: str, changes: Sequence[Change]) -> str:
    """Return the differences as JSON."""
    document = {
        "format_version": FORMAT_VERSION,
        "before": before,
        "after": after,
        "changes": [
            {
                "group": change.group,
                "kind": change.kind,
                "step": change.step,
                "summary": change.summary,
                "details": [
                    {
                        "name": one.name,
                        "before": one.before,
                        "after": one.after,
                        "diff": list(one.diff),
                    }
                    for one in change.details
                ],
            }
            for change in changes
        ],
    }
    return json_module.dumps(document, indent=2, ensure_ascii=False) + "\n"


def show(before: str, after: str, changes: Sequence[Change], console: Console) -> None:
    """Print the differences for people; on a terminal with colours, and with long lines wrapped."""
    from vmdsl.cli.draw import wrapped  # noqa: PLC0415 (slow)

    for line in lines(before, after, changes):
        style = _COLOURS.get(line[:1], "bold")
        for one in wrapped(line, console.width) if console.is_terminal else [line]:
            console.print(one, style=style, markup=False, emoji=False, soft_wrap=True)


def lines(before: str, after: str, changes: Sequence[Change]) -> Iterator[str]:
    """Yield the lines of the differences; none if there are none."""
    if changes:
        yield f"--- {before}"
        yield f"+++ {after}"
    for group, found in groupby(changes, lambda change: change.group):
        yield ""
        yield group.capitalize()
        for change in found:
            mark = _MARKS[change.kind]
            details = list(change.details)
            if details and not details[0].name:
                yield from _values(change.step, details.pop(0), " ")
            else:
                yield f"{mark} {change.step}: {change.summary}"
            for detail in details:
                yield from _detail(detail, mark)


def _detail(detail: Detail, mark: str) -> Iterator[str]:
    if detail.diff:
        yield f"{mark}   {detail.name}:"
        for line in detail.diff:
            yield f"      {line}" if line.startswith("@@") else f"{line[0]}     {line[1:]}".rstrip()
    elif detail.before is None or detail.after is None:
        sign = "+" if detail.before is None else "-"
        sign = " " if detail.name in _REMARKS else sign
        yield f"{sign}   {detail.name}: {detail.after or detail.before}"
    else:
        yield from _values(detail.name, detail, "   ")


def _values(name: str, detail: Detail, indent: str) -> Iterator[str]:
    """Yield a value with the one before it, in one line if there is room."""
    line = f" {indent}{name}: {detail.before} → {detail.after}"
    if len(line) <= _WIDTH:
        yield line
    else:
        yield f"-{indent}{name}: {detail.before}"
        yield f"+{indent}{name}: {detail.after}"
