"""Where a character of a value stands in the file."""

from __future__ import annotations

import re

from vmdsl.vmdb2.reading.nodes import BREAKS, Document, Scalar

_DOUBLE = re.compile(
    r"\\(?:x(?P<x>..)|u(?P<u>....)|U(?P<U>.{8})|(?P<one>\s|.))|(?P<plain>\S)", re.DOTALL
)
_SINGLE = re.compile(r"''|\S")
_BLANK_ESCAPES = "tnvfrNLP_ \t\r\n\x85\u2028\u2029"


def position(document: Document, scalar: Scalar, offset: int) -> tuple[int, int]:
    """Line and column, from 1, of a character of a scalar's value.

    Folding, indentation and escapes change nothing but blanks, in their number. So the n-th
    character that is no blank is the n-th in the text, too.
    """
    start, end = scalar.span
    wanted = sum(not letter.isspace() for letter in scalar.value[:offset])
    places = _places(document.text, scalar.style, start, end)
    return document.line_and_column(places[min(wanted, len(places) - 1)] if places else start)


def _places(text: str, style: str, start: int, end: int) -> list[int]:
    """The places of all characters that are no blanks."""
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
