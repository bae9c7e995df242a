"""Merges the mistakes that mypy and vmdsl have found in a recipe."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vmdsl.errors import Problem, Where


@dataclass(frozen=True, kw_only=True)
class Crash(Problem):
    """An exception caused by a wrong type, name or attribute, which mypy reports at its cause."""


#: The code of what Python cannot read.
_SYNTAX = "syntax"
#: The end of a report on an operation that is given None.
_OF_NOTHING = ", not NoneType"
#: The beginning of a report on a function that makes a handle anew for each of its callers.
CALLED_AGAIN = "each call of the function"


def merge(types: Iterable[Problem], found: Iterable[Problem]) -> list[Problem]:
    """Merge mypy's problems with ours, by line, each mistake once.

    If both are about the same statement, they are the same mistake, and only mypy's is kept; ours
    may have come through that statement, in a module that the recipe imports. A Crash is kept only
    if mypy found nothing at all, as it follows from what mypy found; and so does that a step gets
    None from one without a return statement. Of a file that Python cannot read, mypy may report
    another line than Python does: then Python's report is kept.
    """
    found = list(found)
    types = [one for one in types if not _is_told_elsewhere(one, found)]
    starts: dict[Path, dict[int, int]] = {}

    def statement(where: Where | None) -> Where | None:
        if where is None or not where.line:
            return None
        lines = starts.setdefault(where.file, {}) or starts[where.file]
        if not lines:
            lines.update(statement_starts(where.file))
        return Where(where.file, lines.get(where.line, where.line))

    reported = {statement(p.where) for p in types} - {None}
    ours = [p for p in found if reported.isdisjoint(map(statement, (p.where, *p.through)))]
    if types:
        ours = [p for p in ours if not isinstance(p, Crash)]
    if any(p.what.startswith("Missing return statement") for p in types):
        ours = [p for p in ours if not p.what.endswith(_OF_NOTHING)]
    if any(p.code == "name-twice" for p in types):  # mypy takes the name for the first one
        ours = [p for p in ours if p.code not in ("wrong-handle", "wrong-type")]
    ours = _without_calls_again(ours)
    return sorted(
        [*types, *ours], key=lambda p: (str(p.where.file), p.where.line) if p.where else ("", 0)
    )


def _without_calls_again(problems: Sequence[Problem]) -> list[Problem]:
    """Leave out what is wrong in a function as it is called again, which is a report of its own."""
    inside = {
        Where(p.where.file, line)
        for p in problems
        if p.where and p.what.startswith(CALLED_AGAIN)
        for node in ast.parse(p.where.file.read_bytes()).body
        if node.lineno == p.where.line
        for line in range(node.lineno + 1, (node.end_lineno or 0) + 1)
    }
    return [p for p in problems if p.where not in inside]


def _is_told_elsewhere(problem: Problem, found: Iterable[Problem]) -> bool:
    """Return whether a mistake in the syntax is reported at another line of the file."""
    where = problem.where
    if problem.code != _SYNTAX or where is None:
        return False
    places = [one.where for one in found if one.code == _SYNTAX and one.where]
    lines = [place.line for place in places if place.file == where.file]
    return bool(lines) and where.line not in lines


def statement_starts(file: Path) -> dict[int, int]:
    """Return the first line of the statement of each line; only the head of one with a body."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return {}
    starts = {}
    for node in ast.walk(tree):  # a statement comes before those in its body
        if not isinstance(node, ast.stmt):
            continue
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        body = getattr(node, "body", [])
        last = body[0].lineno - 1 if body else node.end_lineno or node.lineno
        starts.update(dict.fromkeys(range(first, max(first, last) + 1), first))
    return starts
