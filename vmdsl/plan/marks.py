"""The part of a recipe's line that a report is about: a call, or one of its arguments."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import vmdsl
import vmdsl_stdlib
from vmdsl.errors import Problem

_ABOUT = re.compile(r"(\w+)(?:\[(\d+)\])?")


def marked(problem: Problem) -> Problem:
    """Return a problem with the columns of the code in its line that it is about.

    That is an argument, if the problem names one; otherwise the call, or the statement.
    """
    where = problem.where
    if where is None or not where.line or where.column or where.file.suffix != ".py":
        return problem
    if where.start < 0:
        node = _starts(where.file).get(where.line)
    else:
        about = _ABOUT.fullmatch(problem.about)
        call = _calls(where.file).get((where.line, where.start)) if about else None
        node = _argument(call, about[1], int(about[2] or -1)) if call and about else None
    if node is None or node.lineno != where.line:
        return problem
    end = node.end_col_offset if node.end_lineno == node.lineno else None
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        end = None  # its head
    place = replace(where, start=node.col_offset, end=-1 if end is None else end)
    return replace(problem, where=place)


def _tree(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ast.Module(body=[], type_ignores=[])


@lru_cache(maxsize=8)
def _calls(file: Path) -> Mapping[tuple[int, int], ast.Call]:
    """Return the calls of a file by their places; of those that begin alike, the innermost."""
    nodes = ast.walk(_tree(file))
    return {(node.lineno, node.col_offset): node for node in nodes if isinstance(node, ast.Call)}


@lru_cache(maxsize=8)
def _starts(file: Path) -> Mapping[int, ast.stmt | ast.expr]:
    """Return the first statement or decorator of each line that begins with one."""
    found: dict[int, ast.stmt | ast.expr] = {}
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.stmt):
            found.setdefault(node.lineno, node)
        for decorator in getattr(node, "decorator_list", []):
            found.setdefault(decorator.lineno, decorator)
    return found


def _argument(call: ast.Call, name: str, number: int) -> ast.expr | None:
    """Return an argument of a call by its name; with a number from 0 on, one of its elements."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return _element(keyword.value, number)
    function = call.func.id if isinstance(call.func, ast.Name) else ""
    called = getattr(vmdsl, function, None) or getattr(vmdsl_stdlib, function, None)
    if not inspect.isfunction(called) or any(isinstance(a, ast.Starred) for a in call.args):
        return None
    for position, parameter in enumerate(inspect.signature(called).parameters.values()):
        if parameter.name == name:
            if parameter.kind is parameter.VAR_POSITIONAL:
                place = position + number  # debian() gives apt() one more than it is given itself
                known = number >= 0 and called is not vmdsl_stdlib.debian
                return call.args[place] if known and place < len(call.args) else None
            plain = parameter.kind is not parameter.KEYWORD_ONLY and position < len(call.args)
            return _element(call.args[position], number) if plain else None
    return None


def _element(node: ast.expr, number: int) -> ast.expr:
    """Return an element of a tuple or a list as it is written, or the whole of anything else."""
    if isinstance(node, ast.Tuple | ast.List) and 0 <= number < len(node.elts):
        return node.elts[number]
    return node
