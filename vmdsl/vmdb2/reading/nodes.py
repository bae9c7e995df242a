"""The values of a YAML text, each with its place, and that of each character."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from vmdsl.errors import Where

#: Line breaks, as YAML 1.1 counts them.
BREAKS = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
_DOUBLE = re.compile(
    r"\\(?:x(?P<x>..)|u(?P<u>....)|U(?P<U>.{8})|(?P<one>\s|.))|(?P<plain>\S)", re.DOTALL
)
_SINGLE = re.compile(r"''|\S")
_BLANK_ESCAPES = "tnvfrNLP_ \t\r\n\x85\u2028\u2029"


@dataclass(frozen=True, kw_only=True, eq=False)
class Node:
    """A value, where it begins and where its last line is. Lines and columns count from 1.

    `tag` is YAML's type: `str`, `int`, `map` …
    """

    line: int
    column: int
    last: int
    tag: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Scalar(Node):
    """A single value, and its span of the text. `style` is its quote, `|` or `>`, or nothing."""

    value: str
    style: str
    span: tuple[int, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Items(Node):
    """A list. An element that is an alias has the alias' place, but for what is in it."""

    items: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs(Node):
    """A mapping, as it stands there. `flow` is whether it is in braces."""

    pairs: tuple[tuple[Node, Node], ...]
    flow: bool


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A key of a mapping, and its value."""

    key: Scalar
    value: Node


@dataclass(frozen=True, kw_only=True)
class Document:
    """A text, its one value, and the spans of all that may hold a `#` which begins no comment."""

    path: Path
    text: str
    root: Node
    scalars: tuple[Scalar, ...]

    def where(self, node: Node, path: str = "") -> Where:
        """Return the place of a node."""
        return Where(self.path, node.line, node.column, path)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines, without their ends."""
        return tuple(BREAKS.split(self.text))

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        return (0, *(found.end() for found in BREAKS.finditer(self.text)))

    def line_and_column(self, index: int) -> tuple[int, int]:
        """Return the place of a character of the text."""
        line = bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1


def below(path: str, key: str) -> str:
    """Return the path of a key of what is at `path`."""
    return f"{path}.{key}" if re.fullmatch(r"[\w-]+", key) else f"{path}[{json.dumps(key)}]"


def position(document: Document, scalar: Scalar, offset: int) -> tuple[int, int]:
    """Return line and column, from 1, of a character of a scalar's value.

    Folding, indentation and escapes change nothing but blanks, in their number. So the n-th
    character that is not a blank is the n-th in the text, too.
    """
    start, end = scalar.span
    wanted = sum(not letter.isspace() for letter in scalar.value[:offset])
    places = _places(document.text, scalar.style, start, end)
    return document.line_and_column(places[min(wanted, len(places) - 1)] if places else start)


def _places(text: str, style: str, start: int, end: int) -> list[int]:
    """Return the offsets of all characters that are not blanks."""
    if style in ("|", ">"):
        header = BREAKS.search(text, start, end)
        start = header.end() if header else end
    elif style:
        start, end = start + 1, end - 1
    if style == '"':
        return [m.start() for m in _DOUBLE.finditer(text, start, end) if not _is_blank(m)]
    if style == "'":
        return [m.start() for m in _SINGLE.finditer(text, start, end)]
    return [index for index in range(start, end) if not text[index].isspace()]


def _is_blank(unit: re.Match[str]) -> bool:
    if unit["one"] is not None:
        return unit["one"] in _BLANK_ESCAPES
    code = unit["x"] or unit["u"] or unit["U"]
    return bool(code) and chr(int(code, 16)).isspace()
