"""The head of a recipe: its docstring, comments and imports."""

from __future__ import annotations

import re
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator

from vmdsl.vmdb2.to_python.lines import WIDTH, width

#: Comments that a tool would take for its own, such as `type: ext4`.
_FOR_TOOLS = re.compile(r"\s*(type|fmt|isort|ruff|flake8|mypy|yapf|pylint|pyright)\s*:")
_NO_SUMMARY = re.compile(r"copyright|spdx|licen[cs]e|\(c\)|[\\\"]", re.IGNORECASE)
_SENTENCE = re.compile(r"[A-Z][^.!?]*(?:[.!?](?!\s|$)[^.!?]*)*[.!?](?=\s|$)")
_PYTHONS_OWN = ("pathlib", "typing", "uuid")


def as_comments(texts: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a comment, word for word."""
    for text in texts:
        for line in re.split(r"\r\n|[\r\n]", text):
            mark = "#:" if _FOR_TOOLS.match(line) else "#"
            yield f"{mark} {line}".rstrip()


def docstring_and_rest(comments: tuple[str, ...], usual: str) -> tuple[list[str], list[str]]:
    """Return a module's docstring as lines, and the comments that are not in it.

    The first paragraph is the docstring, if it is a sentence or more; otherwise it is `usual`.
    """
    lines = [line for text in comments for line in re.split(r"\r\n|[\r\n]", text)]
    while lines and not lines[0].strip():
        del lines[0]
    end = next((number for number, line in enumerate(lines) if not line.strip()), len(lines))
    paragraph = " ".join(" ".join(lines[:end]).split())
    if docstring := _docstring(paragraph):
        return docstring, lines[end + 1 :]
    return [f'"""{usual}"""'], lines


def _docstring(paragraph: str) -> list[str]:
    """Return a docstring whose first sentence has a line of its own; nothing if that can't be."""
    room = WIDTH - 6
    sentence = _SENTENCE.match(paragraph)
    if not sentence or _NO_SUMMARY.search(paragraph) or not paragraph.isprintable():
        return []
    if paragraph.endswith((".", "!", "?")) and width(paragraph) <= room:
        return [f'"""{paragraph}"""']
    if width(sentence[0]) > room:
        return []
    more = paragraph[sentence.end() :].strip()
    lines = textwrap.wrap(more, WIDTH, break_long_words=False, break_on_hyphens=False)
    return [f'"""{sentence[0]}', "", *lines, '"""']


class Imports:
    """The imports of a recipe, collected while it is written."""

    def __init__(self) -> None:
        self._names: defaultdict[str, set[str]] = defaultdict(set)

    def use(self, name: str, module: str = "vmdsl") -> str:
        """Return the name, and import it; of `Secret.from_file`, the first word."""
        self._names[module].add(name.partition(".")[0])
        return name

    def lines(self) -> list[str]:
        """Return the statements, those for Python's own modules apart."""
        own = [
            line
            for name in sorted(self._names)
            if name in _PYTHONS_OWN
            for line in self._from(name)
        ]
        others = [
            line
            for name in sorted(self._names)
            if name not in _PYTHONS_OWN
            for line in self._from(name)
        ]
        return [*own, *([""] if own and others else []), *others]

    def _from(self, module: str) -> list[str]:
        names = sorted(self._names[module], key=_place)
        line = f"from {module} import {', '.join(names)}"
        if len(line) <= WIDTH:
            return [line]
        return [f"from {module} import (", *(f"    {name}," for name in names), ")"]


def _place(name: str) -> tuple[int, str, str]:
    """Return the key that names are sorted by: constants first, then classes."""
    kind = 0 if name.isupper() else 1 if name[0].isupper() else 2
    return kind, name.lower(), name
