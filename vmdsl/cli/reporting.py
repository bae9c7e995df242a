"""Reports of what commands find: shown as text, or collected for another format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vmdsl.errors import Problem, VmdslError, Where

if TYPE_CHECKING:
    from rich.console import Console

    from vmdsl.plan.plan import Plan
    from vmdsl.review.reports import Entry

TEXT = "text"
#: The option of commands that report in other formats, which `format_of` has read before typer.
Format = Annotated[
    Literal["text", "json", "github", "sarif"],
    typer.Option(
        "--format",
        help="How mistakes are reported: text for people; or on standard output, and nothing else "
        "there, JSON, commands for GitHub's workflows, or SARIF.",
    ),
]
_COMMANDS = ("build", "check", "plan")
_FLAG = "--format"
_collected: ContextVar[list[Entry] | None] = ContextVar("vmdsl_report", default=None)


def format_of(arguments: Sequence[str]) -> str:
    """Return the format in which a command reports; that of a wrong one is text."""
    if arguments[:1] not in [[name] for name in _COMMANDS]:
        return TEXT
    found = TEXT
    for number, argument in enumerate(arguments):
        if argument in ("--help", "-h", "--version"):
            return TEXT
        if argument == _FLAG:
            found = [*arguments, ""][number + 1]
        elif argument.startswith(f"{_FLAG}="):
            found = argument.partition("=")[2]
    return found if found in ("json", "github", "sarif") else TEXT


@contextmanager
def collecting() -> Iterator[list[Entry]]:
    """Collect what is found, instead of showing it."""
    entries: list[Entry] = []
    token = _collected.set(entries)
    try:
        yield entries
    finally:
        _collected.reset(token)


def is_collecting() -> bool:
    """Return whether a report in another format than text is made."""
    return _collected.get() is not None


def report_error(error: VmdslError, *, building: bool = False, of: Path | None = None) -> None:
    """Report every problem of an error; `of` is the recipe, if there are several."""
    from vmdsl.cli.problems import show_error  # noqa: PLC0415 (slow)

    report_warnings(error.warnings)
    if not _collect("error", error.problems, of):
        show_error(error, _console(), building=building, of=of)


def report_warnings(warnings: Sequence[Problem]) -> None:
    """Report warnings, which stop nothing."""
    if warnings and not _collect("warning", warnings):
        from vmdsl.cli.problems import show_warnings  # noqa: PLC0415 (slow)

        show_warnings(warnings, _console())


def report_plan(plan: Plan) -> None:
    """Report what is correct but cannot be built yet, and what the recipe allows."""
    entries = _collected.get()
    if entries is not None:
        from vmdsl.review.reports import Entry  # noqa: PLC0415 (slow)

        _collect("note", plan.obstacles)
        for waiver in plan.waivers:
            found = replace(waiver.finding, where=_place(waiver.finding))
            entries.append(Entry(level="error", problem=found, reason=waiver.reason))


def _collect(
    level: Literal["error", "warning", "note"], problems: Sequence[Problem], of: Path | None = None
) -> bool:
    """Collect problems; return whether that is done here. `of` is the file of those without one."""
    entries = _collected.get()
    if entries is None:
        return False
    from vmdsl.review.reports import Entry  # noqa: PLC0415 (slow)

    for problem in problems:
        placed = Where(of.absolute()) if of and not problem.where else _place(problem)
        entries.append(Entry(level=level, problem=replace(problem, where=placed)))
    return True


def _place(problem: Problem) -> Where | None:
    """Return the place of a problem, with the column of the code that it is about."""
    from vmdsl.cli.problems import columns  # noqa: PLC0415 (slow)
    from vmdsl.plan.marks import marked  # noqa: PLC0415 (slow)

    where = marked(problem).where
    if where is None or where.column or where.start < 0:
        return where
    source = where.file.read_text(encoding="utf-8").splitlines()[where.line - 1]
    return replace(where, column=columns(where, source)[0] + 1)


def _console() -> Console:
    from rich.console import Console  # noqa: PLC0415 (slow)

    return Console(stderr=True, highlight=False)
