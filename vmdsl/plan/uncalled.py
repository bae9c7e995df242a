"""Options and steps without a call, where mypy sees nothing wrong."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from vmdsl.errors import Advice, Problem, Where
from vmdsl.language.steps import Option, Step

#: `${name()}` and `{{ name() }}` are of other languages.
_IN_BRACES = re.compile(r"(?<![${])\{(\w+)\(\)(?:[!:][^}]*)?\}(?!\})")


def forgotten_prefixes(
    path: Path, tree: ast.Module, declared: Sequence[Option[object] | Step[object]]
) -> Iterator[Problem]:
    """Warn of text that calls an option or a step in braces, as only an f-string does."""
    names = {one.name for one in declared}
    for node, name in calls_in_text(tree):
        if name in names:
            what = f"{{{name}()}} stays as it is in a text without an f before it"
            where = Where(path, node.lineno)
            yield Advice(
                what=what,
                where=where,
                hint='write f"…", or use + between the parts',
                code="f-string",
            )


def asked_without_a_call(
    path: Path, tree: ast.Module, declared: Sequence[Option[object] | Step[object]]
) -> Iterator[Problem]:
    """Report `match name:` and `name is None`, which mypy takes for right."""
    kinds = {one.name: one.kind for one in declared if one.name}
    for statement in tree.body:
        own = _local_names(statement)
        known = kinds
        if not own.isdisjoint(kinds):
            known = {name: kind for name, kind in kinds.items() if name not in own}
        for node in ast.walk(statement):
            yield from _compared(path, node, known)


def _local_names(statement: ast.stmt) -> set[str]:
    """Return the names that a function gives to something itself."""
    if not isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return set()
    nodes = list(ast.walk(statement))
    stored = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return stored | {node.arg for node in nodes if isinstance(node, ast.arg)}


def _compared(path: Path, node: ast.AST, known: Mapping[str, str]) -> Iterator[Problem]:
    """Report a name that is compared with what only its value can be."""
    match node:
        case ast.Match(subject=ast.Name(id=name)):
            what = "no case of this is ever the"
        case ast.Compare(
            left=ast.Name(id=name),
            ops=[ast.Is() | ast.IsNot()],
            comparators=[ast.Constant(value=None)],
        ):
            what = "None is never the"
        case _:
            return
    if name in known:
        yield Problem(
            what=f"{what} {known[name]} {name} itself",
            where=Where(path, node.lineno),
            hint=f"call it: {name}()",
            code="call-it",
        )


def calls_in_text(tree: ast.Module) -> Iterator[tuple[ast.Constant, str]]:
    """Yield each name that is called in braces in a plain text, not an f-string."""
    inside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in inside
        ):
            yield from ((node, name) for name in dict.fromkeys(_IN_BRACES.findall(node.value)))
