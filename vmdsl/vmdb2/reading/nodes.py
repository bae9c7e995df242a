"""The values of a YAML text, each with its place."""

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
        """The place of a node."""
        return Where(self.path, node.line, node.column, path)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines, without their ends."""
        return tuple(BREAKS.split(self.text))

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        return (0, *(found.end() for found in BREAKS.finditer(self.text)))

    def line_and_column(self, index: int) -> tuple[int, int]:
        """The place of a character of the text."""
        line = bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1


def below(path: str, key: str) -> str:
    """The path of a key of what is at `path`."""
    return f"{path}.{key}" if re.fullmatch(r"[\w-]+", key) else f"{path}[{json.dumps(key)}]"
