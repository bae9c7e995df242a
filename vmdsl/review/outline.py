"""A plan as an outline, and the outline as text: one thing a line, indented by what it is part of.

The text can be read again without loss. No line depends on the length of another one, so that a
change of one thing changes one line. What no terminal shows as it stands is escaped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

_HEAD = "Plan of "
_STEP = "  "
_LINE = re.compile(r" \(line ([1-9][0-9]*)\)$")
_UNFINISHED = "\\ no newline at the end"
#: A line with a name, perhaps quoted, and then perhaps the line of the recipe and a value.
_NAMED = re.compile(r'("(?:[^"\\]|\\.)*"|[^"].*?)(?: \(line (\d+)\))?:(?: (.*))?')
#: The characters that only other kinds of lines begin with.
_OTHERS = ("- ", "|", "!", "\\", "┌", '"')


@dataclass(frozen=True, kw_only=True)
class Node:
    """A line: a name, a value, and what is below it: more lines, a text, or a drawing.

    An element of a list has the name `-`. `line` is that of the recipe, or 0.
    """

    name: str
    value: str = ""
    line: int = 0
    text: str | None = None
    drawing: tuple[str, ...] = ()
    below: tuple[Node, ...] = ()

    def get(self, name: str) -> Node | None:
        """Return the first line below that has a name."""
        return next((node for node in self.below if node.name == name), None)

    def of(self, name: str) -> str:
        """Return the value of the first line below that has a name, or ""."""
        found = self.get(name)
        return found.value if found else ""


@dataclass(frozen=True, kw_only=True)
class Outline:
    """A plan, by sections."""

    recipe: str
    sections: tuple[Node, ...]

    def section(self, title: str) -> tuple[Node, ...]:
        """Return the entries of a section; none if it is missing."""
        return next((node.below for node in self.sections if node.name == title), ())


class NotAPlan(ValueError):  # noqa: N818 (it is a sentence)
    """Says why a text is not that of a plan."""


def write(outline: Outline, *, lines: bool = False) -> str:
    """Return the text of a plan; with `lines`, also the line of the recipe that an entry is of."""
    found = [_HEAD + _quoted(outline.recipe)]
    for section in outline.sections:
        found += ["", _quoted(section.name)]
        for node in section.below:
            found += _written(node, 1, lines=lines)
    return "\n".join(found) + "\n"


def lines_of(node: Node) -> Iterator[str]:
    """Yield the lines below a line: those of its text as they are, unless they are escaped."""
    if node.text is not None:
        for line in _literal(node.text):
            yield line if line.startswith(("!", "\\")) else line[2:]
    for below in node.below:
        yield from _written(below, 0, lines=False)


def without_lines(outline: Outline) -> Outline:
    """Return an outline in which no entry has a line of the recipe."""

    def bare(node: Node) -> Node:
        return replace(node, line=0, below=tuple(map(bare, node.below)))

    return replace(outline, sections=tuple(map(bare, outline.sections)))


def _written(node: Node, depth: int, *, lines: bool) -> Iterator[str]:
    indent = _STEP * depth
    if node.drawing:
        yield from (indent + line for line in node.drawing)
        return
    number = f" (line {node.line})" if lines and node.line else ""
    value = f" {_quoted(node.value)}" if node.value else ""
    if node.name == "-":
        yield f"{indent}-{value}"
    else:
        yield f"{indent}{_quoted(node.name, of_name=True)}{number}:{value}"
    if node.text is not None:
        yield from (indent + _STEP + line for line in _literal(node.text))
    for below in node.below:
        yield from _written(below, depth + 1, lines=lines)


def _quoted(text: str, *, of_name: bool = False) -> str:
    """Return a text as it stands, or in JSON's quotes if it could be misread so."""
    plain = text.isprintable() and text == text.strip() and text and text[0] != '"'
    if of_name and plain:
        plain = not (text.startswith(_OTHERS) or re.search(r":( |$)", text) or _LINE.search(text))
    return text if plain else json.dumps(text)


def _literal(text: str) -> Iterator[str]:
    *lines, last = text.split("\n")
    for line in [*lines, last] if last else lines:
        if line.replace("\t", "").isprintable():
            yield f"| {line}" if line else "|"
        else:
            yield f"! {line.encode('unicode_escape').decode('ascii')}"
    if last:
        yield _UNFINISHED


def read(text: str) -> Outline:
    """Read the text of a plan. Raises NotAPlan."""
    if not text.startswith(_HEAD) or not text.endswith("\n"):
        raise NotAPlan("it does not begin with `Plan of`, or it is not complete")
    reader = _Reader(lines=text.split("\n")[:-1])
    try:
        recipe = _unquoted(reader.lines[0].removeprefix(_HEAD))
        sections = tuple(reader.nodes(0))
    except ValueError as error:
        raise NotAPlan(f"line {reader.number + 1} cannot be read: {error}") from None
    return Outline(recipe=recipe, sections=sections)


def is_plan(path: Path) -> bool:
    """Return whether a file begins like the text of a plan."""
    try:
        with path.open("rb") as file:
            return file.read(len(_HEAD)) == _HEAD.encode()
    except OSError:
        return False


@dataclass
class _Reader:
    """Reads the lines behind the first one."""

    lines: Sequence[str]
    number: int = 1

    def nodes(self, depth: int) -> Iterator[Node]:
        """Yield the nodes at a depth, up to the first line that is less deep."""
        while self._skip_empty() and self._depth() >= depth:
            if self._depth() > depth:
                raise ValueError("it is indented too far")
            yield self._node(depth)

    def _skip_empty(self) -> bool:
        while self.number < len(self.lines) and not self.lines[self.number]:
            self.number += 1
        return self.number < len(self.lines)

    def _depth(self) -> int:
        line = self.lines[self.number]
        return (len(line) - len(line.lstrip(" "))) // len(_STEP)

    def _node(self, depth: int) -> Node:
        body = self.lines[self.number][len(_STEP) * depth :]
        if body.startswith("┌"):
            return Node(name="", drawing=tuple(self._drawing(depth)))
        name, line, value = map(_unquoted, (body, "", "") if depth == 0 else _split(body))
        self.number += 1
        text = self._text(depth + 1)
        below = tuple(self.nodes(depth + 1))
        return Node(name=name, value=value, line=int(line or 0), text=text, below=below)

    def _peek(self, depth: int) -> str:
        """Return the next line without its indentation, or "" if it is not at this depth."""
        line = self.lines[self.number] if self.number < len(self.lines) else ""
        indent = _STEP * depth
        return line.removeprefix(indent) if line.startswith(indent) else ""

    def _drawing(self, depth: int) -> Iterator[str]:
        while (body := self._peek(depth)).startswith(("┌", "│", "└")):
            self.number += 1
            yield body

    def _text(self, depth: int) -> str | None:
        lines: list[str] = []
        end = "\n"
        while body := self._peek(depth):
            if body[0] == "|":
                lines.append(body[2:])
            elif body[0] == "!":
                lines.append(body[2:].encode("ascii").decode("unicode_escape"))
            elif body == _UNFINISHED:
                end = ""
            else:
                break
            self.number += 1
        return "\n".join(lines) + end if lines else None


def _split(body: str) -> tuple[str, str, str]:
    """Return the name, the line and the value that a line of the text has."""
    if body == "-" or body.startswith("- "):
        return "-", "", body[2:]
    found = _NAMED.fullmatch(body)
    if not found:
        raise ValueError(f"it has no name: {body}")
    return found[1], found[2] or "", found[3] or ""


def _unquoted(text: str) -> str:
    return str(json.loads(text)) if text.startswith('"') else text
