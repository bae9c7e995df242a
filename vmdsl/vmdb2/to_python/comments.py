"""What a specification says beside its steps, as comments and the docstring of a recipe."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

from vmdsl.vmdb2.to_python.layout import WIDTH, width

#: What a tool would take for a word to itself, such as `type: ext4`.
_FOR_TOOLS = re.compile(r"\s*(type|fmt|isort|ruff|flake8|mypy|yapf|pylint|pyright)\s*:")
_NO_SUMMARY = re.compile(r"copyright|spdx|licen[cs]e|\(c\)|[\\\"]", re.IGNORECASE)
_SENTENCE = re.compile(r"[A-Z][^.!?]*(?:[.!?](?!\s|$)[^.!?]*)*[.!?](?=\s|$)")


def as_comments(texts: Iterable[str]) -> Iterator[str]:
    """The lines of a comment, word for word."""
    for text in texts:
        for line in re.split(r"\r\n|[\r\n]", text):
            mark = "#:" if _FOR_TOOLS.match(line) else "#"
            yield f"{mark} {line}".rstrip()


def docstring_and_rest(comments: tuple[str, ...], file: str) -> tuple[list[str], list[str]]:
    """A module's docstring as lines, and the comments that are not in it.

    The first paragraph is the docstring, if it is a sentence or more of what the file is.
    """
    lines = [line for text in comments for line in re.split(r"\r\n|[\r\n]", text)]
    while lines and not lines[0].strip():
        del lines[0]
    end = next((number for number, line in enumerate(lines) if not line.strip()), len(lines))
    paragraph = " ".join(" ".join(lines[:end]).split())
    if docstring := _docstring(paragraph):
        return docstring, lines[end + 1 :]
    named = file if re.fullmatch(r"[\w.+-]{0,70}\w", file) else "a specification of vmdb2"
    return [f'"""The image that {named} describes."""'], lines


def _docstring(paragraph: str) -> list[str]:
    """Its first sentence on a line of its own; nothing if that can't be."""
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
