"""Leaves out of mypy's messages those that only follow from others, as they are one mistake."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from vmdsl.errors import Problem, Where
from vmdsl.plan.hints import AS_VALUES
from vmdsl.similar import closest


def causes_of(problems: Sequence[Problem]) -> list[Problem]:
    """Leave out what only follows from an earlier message: it is the same mistake.

    That is each further use of an undefined name, what is wrong in a call with an argument too
    many or too few or given twice or of another function, what an undefined or untyped decorator
    makes of its function, where the result of operands that do not fit is given to, calls of
    functions without types, attributes of what returns nothing, and what a step yields. A name
    that an import misspells is undefined where it is spelled right; and the result of a function
    that is given options, not their values, is of the wrong type wherever it is used.
    """
    told: set[tuple[Path, str]] = set()
    problems = _exchanged(problems)
    lines = {(p.where, p.where.line) for p in problems if p.where and "var-annotated" not in p.what}
    calls: set[tuple[Where, str]] = set()
    is_untyped = any(p.what.endswith("[no-untyped-def]") for p in problems)
    computed = {p.where for p in problems if p.what.startswith(OPERANDS)}
    uncalled = {(p.where, p.where.line) for p in problems if p.where and "[truthy-" in p.what}
    nothing = {(p.where, p.where.line) for p in problems if p.where and _NOTHING in p.what}
    generators = {p.where.file for p in problems if p.where and p.code == "never-runs"}
    unknown = {p.where.file for p in problems if p.where and p.what.endswith("[name-defined]")}
    wrong = {
        (p.where.file, name)
        for p in problems
        if p.where and AS_VALUES.search(p.what)
        for name in _assigned(p.where)
    }
    imports = [(p.where.file, NOT_THERE.match(p.what)) for p in problems if p.where]
    causes = []
    for problem in problems:
        where, what = problem.where or Where(Path()), problem.what
        found = _CALL.search(what)
        call = (where, found[1] if found else "")
        decorated = what.endswith("[untyped-decorator]") and (where.file in unknown or is_untyped)
        again = what.endswith("[name-defined]") and (where.file, what) in told
        misspelt = [name[1] for file, name in imports if name and file == where.file]
        meant = (name := _UNDEFINED.match(what)) and closest(name[1], misspelt)
        called = _ON_A_STEP in what and (where, "step") in calls
        result = what.endswith("[arg-type]") and (
            where in computed
            or (where.file, _code_at(where)) in wrong
            or ((where, where.line) in uncalled and _DECLARED.search(what))
        )
        untyped = what.endswith("[no-untyped-call]") and is_untyped
        unknown_type = what.endswith("[var-annotated]") and (where, where.line) in lines
        of_nothing = what.startswith('"None" has no attribute') and (where, where.line) in nothing
        yielded = what.endswith("[func-returns-value]") and where.file in generators
        given = (yielded, called, result, untyped, unknown_type, of_nothing, call in calls)
        if not any((decorated, again, meant, *given)):
            causes.append(problem)
            told.add((where.file, what))
            if found and (_COUNT.search(what) or _NO_SUCH_KEYWORD.match(what)):
                calls.add(call)
    return causes


def _exchanged(problems: Sequence[Problem]) -> list[Problem]:
    """Return the problems, with one for each call in which two arguments are exchanged.

    Or in which several texts are of another type.

    Flags without a call are left out of a condition that is of the wrong type already.
    """
    found: list[Problem] = []
    conditions = {(p.where, p.where.line) for p in problems if p.where and _ASKS.search(p.what)}
    items = {(p.where, p.where.start) for p in problems if p.where and _OF_ONE.match(p.what)}
    for problem in problems:
        place = (problem.where, problem.where.line if problem.where else 0)
        if place in conditions and "which does not implement __bool__" in problem.what:
            continue
        start = problem.where.start if problem.where else 0
        if problem.what.startswith('Item "None" of') and (problem.where, start) in items:
            continue
        last = found[-1] if found else problem
        one, other = (_ARGUMENT.match(p.what) for p in (last, problem))
        here = last.where == problem.where and last is not problem
        if here and one and other and one["function"] == other["function"]:
            wanted, got = one["wanted"].split(" | "), other["got"]
            if got in wanted and one["got"] in other["wanted"].split(" | "):
                hint = f"exchange the arguments {one['number']} and {other['number']}"
                found[-1] = replace(last, hint=hint)
                continue
            if one["got"] == got and one["wanted"] == other["wanted"] and _follows(one, other):
                continue  # further ones of *packages
        found.append(problem)
    return found


def _follows(one: re.Match[str], other: re.Match[str]) -> bool:
    """Return whether the arguments of two messages are of the kind that there may be many of."""
    return one["function"] in _OF_MANY and int(one["number"]) < int(other["number"])


#: Functions that take any number of texts.
_OF_MANY = ("apt", "apt_remove", "enable_unit", "disable_unit", "mask_unit", "debian")
NOT_THERE = re.compile(r'Module "[\w.]+" has no attribute "(\w+)"')
_UNDEFINED = re.compile(r'Name "(\w+)" is not defined')
_ASKS = re.compile(r'expected "(?:Condition|Fact \| None)"')
_OF_ONE = re.compile(r'Item "(?!None")\w+" of "[^"]+ \| None" has no attribute')
_ARGUMENT = re.compile(
    r'^Argument (?P<number>\d+) to "(?P<function>\w+)" has incompatible type "(?P<got>[^"]+)"; '
    r'expected "(?P<wanted>[^"]+)"'
)
_DECLARED = re.compile(r'incompatible type "(?:Option\[|Flag|Step\[).*\|')
#: What mypy finds in `@step()` besides the call without a function.
_ON_A_STEP = '"__call__" of "Step"'
_CALL = re.compile(r'(?:\b(?:for|to|call to) |^(?="\w+" gets ))"(\w+)"')
_COUNT = re.compile(r'^(?:Too many|Too few|Missing) .*arguments? |^"\w+" gets multiple values')
#: One that is not like any keyword: the function is taken for another one.
_NO_SUCH_KEYWORD = re.compile(r'^Unexpected keyword argument "\w+" for "\w+"(?!; did you mean)')
_NOTHING = "does not return a value"
#: The result is of another type then, which is no mistake of its own.
OPERANDS = "Unsupported operand types"


def statements(file: Path) -> list[ast.stmt]:
    """Return the statements at the top level of a file; none if it cannot be read."""
    try:
        return ast.parse(file.read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return []


def _assigned(where: Where) -> Iterator[str]:
    """Yield the names that a statement assigns to."""
    for node in ast.walk(ast.Module(body=statements(where.file), type_ignores=[])):
        if isinstance(node, ast.Assign) and node.lineno <= where.line <= (node.end_lineno or 0):
            stored = (name for target in node.targets for name in ast.walk(target))
            yield from (name.id for name in stored if isinstance(name, ast.Name))


def _code_at(where: Where) -> str:
    """Return the code at a place, or "" for a whole line."""
    with suppress(OSError, IndexError):
        line = where.file.read_bytes().splitlines()[where.line - 1]
        return line[where.start : max(where.end, 0)].decode("utf-8", "replace")
    return ""
