"""YAML as vmdb2 reads it, by PyYAML, but with places, and with limits."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from vmdsl.errors import Problem, RecipeError, Where
from vmdsl.vmdb2.reading.nodes import Document, Items, Node, Pairs, Scalar
from vmdsl.vmdb2.reading.not_yaml import why

#: Nothing that a person writes is deeper.
DEEPEST = 50
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_TAG = "tag:yaml.org,2002:"


def parse(text: str, path: Path) -> Document:
    """Return the only document of a YAML text.

    Raises RecipeError, with the place, if it is not YAML, or there is not just one document.
    """
    text = text.removeprefix("\ufeff")
    try:
        return _Composer(text, path).document()
    except yaml.YAMLError as error:
        raise RecipeError(why(error, text, path)) from error


class _Composer:
    """Makes nodes of the events of PyYAML's parser."""

    def __init__(self, text: str, path: Path) -> None:
        self._text = text
        self._path = path
        self._loader: Any = yaml.SafeLoader(text)
        self._anchors: dict[str, Node] = {}
        self._open: set[str] = set()
        self._scalars: list[Scalar] = []

    def document(self) -> Document:
        self._loader.get_event()  # the stream begins
        if isinstance(self._loader.get_event(), yaml.StreamEndEvent):
            raise RecipeError(
                Problem(
                    what="there is nothing in it",
                    where=Where(self._path),
                    hint="a specification begins with `steps:`, and a list of steps",
                    code="spec-yaml",
                )
            )
        root = self._node(0)
        self._loader.get_event()  # the document ends
        event = self._loader.get_event()
        if not isinstance(event, yaml.StreamEndEvent):
            self._fail(
                event.start_mark, "a second document begins", "vmdb2 reads one: remove `---`"
            )
        return Document(path=self._path, text=self._text, root=root, scalars=tuple(self._scalars))

    def _fail(self, mark: yaml.Mark, what: str, hint: str) -> None:
        where = Where(self._path, mark.line + 1, mark.column + 1)
        raise RecipeError(Problem(what=what, where=where, hint=hint, code="spec-yaml"))

    def _node(self, depth: int) -> Node:
        event: Any = self._loader.get_event()
        start: yaml.Mark = event.start_mark
        if depth > DEEPEST:
            self._fail(start, f"it is nested more than {DEEPEST} deep", "no step needs that")
        anchor: str = event.anchor or ""
        if isinstance(event, yaml.AliasEvent):
            return self._alias(anchor, start)
        if anchor in self._anchors:
            self._fail(start, f"there is a second &{anchor}", "give it another name")
        if anchor:
            self._open.add(anchor)
        node = self._made(event, depth)
        if anchor:
            self._open.discard(anchor)
            self._anchors[anchor] = node
        return node

    def _alias(self, anchor: str, mark: yaml.Mark) -> Node:
        if anchor in self._open:
            self._fail(mark, f"*{anchor} stands in &{anchor} itself", "it would never end")
        if anchor not in self._anchors:
            what = f"*{anchor} means what is named &{anchor}, and nothing above is"
            self._fail(mark, what, f'text that begins with * must be in quotes: "*{anchor}"')
        line = mark.line + 1
        return replace(self._anchors[anchor], line=line, column=mark.column + 1, last=line)

    def _made(self, event: Any, depth: int) -> Node:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, line, column)
        tag = event.tag.removeprefix(_TAG) if event.tag not in (None, "!") else ""
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not self._loader.check_event(yaml.SequenceEndEvent):
                items.append(self._node(depth + 1))
            last = self._last(items, event, line)
            return Items(line=line, column=column, last=last, items=tuple(items), tag=tag or "seq")
        pairs = []
        while not self._loader.check_event(yaml.MappingEndEvent):
            key = self._node(depth + 1)
            pairs.append((key, self._node(depth + 1)))
        last = self._last([node for pair in pairs for node in pair], event, line)
        flow = bool(event.flow_style)
        return Pairs(
            line=line, column=column, last=last, pairs=tuple(pairs), flow=flow, tag=tag or "map"
        )

    def _last(self, nodes: list[Node], event: Any, line: int) -> int:
        """Return the last line of a list or mapping whose end is next."""
        end = self._loader.get_event().end_mark.line + 1
        return end if event.flow_style else max((node.last for node in nodes), default=line)

    def _scalar(self, event: Any, line: int, column: int) -> Scalar:
        tag = event.tag
        if tag in (None, "!"):
            tag = self._loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        start, end = event.start_mark, event.end_mark
        last = end.line + 1 if end.column or end.line == start.line else end.line
        begin = _PROPERTIES.match(self._text, start.index)  # an anchor, a tag
        scalar = Scalar(
            line=line,
            column=column,
            last=last,
            value=event.value,
            tag=tag.removeprefix(_TAG),
            style=event.style or "",
            span=(begin.end() if begin else start.index, end.index),
        )
        self._scalars.append(scalar)
        return scalar
