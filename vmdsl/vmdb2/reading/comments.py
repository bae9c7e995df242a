"""The comments of a YAML text, and the steps that they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vmdsl.vmdb2.reading.nodes import Document, Items, Node, Pairs, Scalar, below
from vmdsl.vmdb2.text import Note

_COMMENT = re.compile(r"(?<!\S)#")


@dataclass(frozen=True)
class Comment:
    """A comment, without its mark. `indent` is its column if it has a line of its own."""

    line: int
    text: str
    indent: int | None


@dataclass(frozen=True)
class Comments:
    """The comments above all steps, those of each step, and those below."""

    above: tuple[str, ...]
    steps: tuple[tuple[str, ...], ...]
    below: tuple[str, ...]


def comments_of(document: Document, steps: Sequence[Node], line: int, indent: int) -> Comments:
    """Return every comment, with its step; steps are below `line`, with dashes at `indent`.

    A comment belongs to the step below it, unless it is a part of the step above: indented further,
    with no empty line between.
    """
    above: list[str] = []
    closing: list[str] = []
    own: list[list[str]] = [[] for _ in steps]
    lines = document.lines
    order = sorted(range(len(steps)), key=lambda number: steps[number].line)
    attached = 0  # the line of the last comment that was taken for the step above it
    done = 0  # how many steps begin above the comment
    for comment in _found(document):
        while done < len(order) and steps[order[done]].line <= comment.line:
            done += 1
        if done:
            last = max(steps[order[done - 1]].last, attached)
            within = comment.line <= last
            follows = (
                comment.line == last + 1
                and comment.indent is not None
                and comment.indent > indent
                and bool(lines[comment.line - 2].strip())
            )
            if within or follows:
                attached = max(attached, comment.line)
                own[order[done - 1]].append(_note(steps[order[done - 1]], order[done - 1], comment))
                continue
        if comment.line < line and not done:
            above.append(comment.text)
        elif done < len(order):
            own[order[done]].append(comment.text)
        else:
            closing.append(comment.text)
    return Comments(tuple(above), tuple(tuple(texts) for texts in own), tuple(closing))


def _note(step: Node, number: int, comment: Comment) -> str:
    """Return a comment within a step, with the key or the element that it is about."""
    parts = sorted(_parts(step, f"$.steps[{number}]"), key=lambda part: part[:2])
    if comment.indent is None:
        on_line = [path for line, _, path in parts if line == comment.line]
        first = comment.line == step.line or not on_line
        return comment.text if first else Note(comment.text, on_line[0])
    above = [path for line, _, path in parts if line < comment.line]
    behind = [(column, path) for line, column, path in parts if line > comment.line]
    if behind and (comment.indent <= behind[0][0] or not above):
        return Note(comment.text, behind[0][1])
    return Note(comment.text, above[-1], is_below=True) if above else comment.text


def _parts(node: Node, path: str) -> Iterator[tuple[int, int, str]]:
    """Yield line, column and path of all keys and elements in a part of a step."""
    if isinstance(node, Pairs):
        for key, value in node.pairs:
            if isinstance(key, Scalar):
                inner = below(path, key.value)
                yield key.line, key.column, inner
                yield from _parts(value, inner)
    elif isinstance(node, Items):
        for number, item in enumerate(node.items):
            yield item.line, item.column, f"{path}[{number}]"
            yield from _parts(item, f"{path}[{number}]")


def _found(document: Document) -> Iterator[Comment]:
    """Yield every comment: a `#` that stands in no value."""
    begins: dict[int, int] = {}  # from which column on a line may have a comment
    for scalar in document.scalars:
        if scalar.style in ("|", ">"):
            begins[scalar.line] = scalar.column
            inner = range(scalar.line + 1, scalar.last + 1)
        else:
            begins[scalar.last] = document.line_and_column(scalar.span[1])[1] - 1
            inner = range(scalar.line, scalar.last)
        for number in inner:
            begins[number] = len(document.lines[number - 1])
    for number, line in enumerate(document.lines, start=1):
        if "#" not in line:
            continue
        found = _COMMENT.search(line, begins.get(number, 0))
        if found:
            alone = not line[: found.start()].strip()
            text = line[found.end() :].removeprefix(" ").rstrip()
            yield Comment(number, text, found.start() + 1 if alone else None)
