"""Comments of a recipe that allow findings of policies, each with its reason.

`# vmdsl: allow POLICY: REASON` is at the end of a line of the call, or on a line of its own above
it. At the left margin, on a line of its own, it is about the recipe as a whole as well.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vmdsl.errors import Where
from vmdsl.plan.plan import Remark

_MARK = "vmdsl:"
_WAIVER = re.compile(r"#*\s*vmdsl:\s*allow\b\s*([^:]*?)\s*(?::\s*(.*?)\s*)?$", re.DOTALL)
#: An example, for hints.
EXAMPLE = "# vmdsl: allow POLICY: the reason"


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """The policies, by their names, that a comment allows to be ignored, and why."""

    policies: tuple[str, ...]
    reason: str
    remark: Remark

    def covers(self, line: int) -> bool:
        """Return whether a finding at a line, or at 0 for the whole recipe, is one of them."""
        if not line:
            return self.remark.of_all
        return self.remark.first <= line <= self.remark.last


def allowed_by(remarks: Sequence[Remark]) -> tuple[Allowed, ...]:
    """Return what the comments allow; those without a policy or a reason have an empty one."""
    found = []
    for remark in remarks:
        if match := _WAIVER.match(remark.text):
            names = tuple(name for name in re.split(r"[\s,]+", match[1]) if name)
            found.append(Allowed(policies=names, reason=match[2] or "", remark=remark))
    return tuple(found)


def remarks_in(recipe: Path) -> tuple[Remark, ...]:
    """Return the comments of a recipe in Python that are for vmdsl."""
    with suppress(OSError, ValueError, SyntaxError, tokenize.TokenError):
        text = recipe.read_text(encoding="utf-8-sig")
        if _MARK in text:
            return tuple(_remarks(text, recipe))
    return ()


def _remarks(text: str, recipe: Path) -> Iterator[Remark]:
    spans = sorted(_spans(ast.parse(text)))
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT or _MARK not in token.string:
            continue
        line, column = token.start
        alone = not lines[line - 1][:column].strip()
        first, last = _about(line, spans, lines, alone=alone)
        yield Remark(
            text=token.string,
            where=Where(recipe, line, column + 1),
            first=first,
            last=last,
            of_all=alone and not column,
        )


def _about(
    line: int, spans: Sequence[tuple[int, int]], lines: Sequence[str], *, alone: bool
) -> tuple[int, int]:
    """Return the lines of the statement that a comment is in, or above of."""
    if alone:
        below = line + 1
        while below <= len(lines) and lines[below - 1].lstrip().startswith("#"):
            below += 1
        for first, last in spans:
            if first == below:
                return first, last
    for first, last in spans:
        if first <= line <= last:
            return first, last
    return line, line


def _spans(tree: ast.Module) -> Iterator[tuple[int, int]]:
    """Yield the lines of each statement; of one that holds others, those above these."""
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            inside = [
                min([inner.lineno, *(one.lineno for one in getattr(inner, "decorator_list", ()))])
                for inner in ast.iter_child_nodes(node)
                if isinstance(inner, ast.stmt)
            ]
            last = node.end_lineno or node.lineno
            yield node.lineno, min(inside) - 1 if inside else last
