"""Expressions of Python on lines that are not too long, as `ruff format` would lay them out."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

WIDTH = 100
_INDENT = 4


@dataclass(frozen=True)
class Brackets:
    """Items in brackets: a call, a tuple, a mapping. An item's name ends in its `=` or `: `."""

    opening: str
    items: tuple[tuple[str, Expression], ...]
    closing: str = ")"

    @property
    def is_call(self) -> bool:
        """Whether a function stands before the brackets."""
        return len(self.opening.lstrip("-")) > 1


@dataclass(frozen=True)
class Commented:
    """An item of brackets with comments above and below it, as lines."""

    expression: str | Brackets
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()


Expression = str | Brackets | Commented


def laid_out(
    expression: Expression, start: str = "", end: str = "", *, indent: int = 0
) -> list[str]:
    """Return the lines of an expression between `start`, such as `return `, and `end`."""
    margin, flat = " " * indent, one_line(expression)
    if isinstance(expression, Commented):
        lines = laid_out(expression.expression, start, end, indent=indent)
        return [*_indented(margin, expression.above), *lines, *_indented(margin, expression.below)]
    first_line = (margin + start).rpartition("\n")[2] + flat + end
    if isinstance(expression, str) or not expression.items or _hugs(expression):
        return [margin + start + flat + end]
    is_free = not _has_comments(expression)
    if is_free and "\n" not in flat and width(first_line) <= WIDTH:
        return [margin + start + flat + end]
    inner = ", ".join(name + one_line(item) for name, item in expression.items)
    deeper = indent + _INDENT
    if is_free and expression.is_call and "\n" not in inner and deeper + width(inner) <= WIDTH:
        lines = [" " * deeper + inner]
    else:
        items = expression.items
        lines = [line for name, item in items for line in laid_out(item, name, ",", indent=deeper)]
    return [margin + start + expression.opening, *lines, margin + expression.closing + end]


def one_line(expression: Expression) -> str:
    """Return the expression without breaks, except those in strings."""
    if isinstance(expression, Commented):
        return one_line(expression.expression)
    if isinstance(expression, str):
        return expression
    inner = ", ".join(name + one_line(item) for name, item in expression.items)
    alone = expression.opening == "(" and len(expression.items) == 1
    return f"{expression.opening}{inner}{',' if alone else ''}{expression.closing}"


def _has_comments(expression: Expression) -> bool:
    """Return whether a comment stands somewhere in an expression."""
    if isinstance(expression, Commented):
        return True
    return isinstance(expression, Brackets) and any(_has_comments(i) for _, i in expression.items)


def _indented(margin: str, lines: tuple[str, ...]) -> list[str]:
    return [f"{margin}{line}" for line in lines]


def width(text: str) -> int:
    """Return how many columns a line takes."""
    return sum(
        2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c) for c in text
    )


def _hugs(call: Brackets) -> bool:
    """Return whether the brackets stay at their only text, as that has lines."""
    name, item = call.items[0]
    return (
        call.is_call
        and len(call.items) == 1
        and not name
        and isinstance(item, str)
        and "\n" in item
    )
