"""Why a text is not YAML, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import yaml

from vmdsl.errors import Problem, Where
from vmdsl.vmdb2.reading.nodes import BREAKS, Document

#: Text that other programs replace: `__NAME__`, `@NAME@`, `%%NAME%%`, and statements of templates.
_MARKERS = re.compile(
    r"__[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*__"
    r"|@@?[A-Z][A-Z0-9_]*@@?"
    r"|%%[A-Z][A-Z0-9_]*%%"
    r"|<%=?.*?%>"
    r"|\{%-?.*?-?%\}"
    r"|\{\{-?\s*`[^`]*`\s*-?\}\}"
    r"|\{\{-?\s*(?:[.$`]|(?:if|range|end|else|with|define|template|block)\b).*?\}\}"
)
#: Marks of templates that YAML may take for braces of its own.
_GO = re.compile(r"\{\{-?\s*(?:[.$`]|(?:if|range|end|else|with)\b).*?\}\}")
#: A template that is not in quotes.
_UNQUOTED = re.compile(r"(?::|-)\s+\{\{")
_SHOWN = 4
_ANY = "text with signs that mean something to YAML must be in quotes"
_HINTS = (
    (r"'\\t'", "YAML is indented with spaces, never with tabs"),
    (
        "mapping values are not allowed",
        "text that has `: ` in it must be in quotes; or this line is indented too far",
    ),
    (
        "could not find expected ':'",
        "a key needs a colon; text of several lines must be indented more than its key",
    ),
    ("sequence entries", 'text that begins with `-` must be in quotes: "-"'),
    ("scanning an? (?:alias|anchor)", "text that begins with * or & must be in quotes"),
    (
        "expected <block end>",
        "the lines of a step are indented alike, and text of several lines more than its key",
    ),
    ("document start", "it belongs to nothing above: all steps are below `steps:`, indented alike"),
    ("scanning a directive", "text that begins with % must be in quotes"),
    ("cannot start any token", "text that begins with this character must be in quotes"),
    ("unknown escape", 'in double quotes a backslash is written twice: "\\\\"; or use single ones'),
    ("quoted scalar", "the quote that begins here is never closed"),
    (
        "expected ',' or|expected the node content",
        "text that begins with [ or { must be in quotes; a list ends with ], a mapping with }",
    ),
    ("comment or a line break", "text after | or > begins in the next line"),
)


def why(error: yaml.YAMLError, text: str, path: Path) -> Problem:
    """Return why PyYAML does not take a text: the problem, with its place."""
    if isinstance(error, yaml.reader.ReaderError):
        return _no_text(error, text, path)
    lines = BREAKS.split(text)
    context, mark = getattr(error, "context_mark", None), getattr(error, "problem_mark", None)
    what = str(getattr(error, "problem", None) or error)
    around = [at.line + by for by in (0, -1) for at in (context, mark) if at]
    template = template_in(lines, around, path)
    if template:
        return template
    said = f"{getattr(error, 'context', '')} {what}"
    if context and re.search(r"stream|expected ':'", what):
        mark = context
    where = Where(path, mark.line + 1, mark.column + 1) if mark else Where(path)
    hint = next((hint for pattern, hint in _HINTS if re.search(pattern, said)), _ANY)
    if mark and _UNQUOTED.search(lines[mark.line] if mark.line < len(lines) else ""):
        hint = 'text that begins with a template must be in quotes: "{{ output }}"'
    return Problem(what=f"not YAML: {what}", where=where, hint=hint, code="spec-yaml")


def template_in(lines: Sequence[str], around: list[int], path: Path) -> Problem | None:
    """Return a problem that asks for substitution first, if there is a marker in a line."""
    for number in around:
        found = _MARKERS.search(lines[number]) if 0 <= number < len(lines) else None
        if found:
            where = Where(path, number + 1, found.start() + 1)
            names = dict.fromkeys(m[0] for line in lines for m in _MARKERS.finditer(line))
            shown = [found[0], *(name for name in names if name != found[0])]
            rest = len(shown[_SHOWN:])
            more = f" and {rest} more" if rest else ""
            return Problem(
                what=f"this is a template: YAML has no place for {found[0]}",
                where=where,
                hint=f"substitute {', '.join(shown[:_SHOWN])}{more} first, with the program that "
                "the file was written for, and give vmdsl the result",
                code="spec-yaml",
            )
    return None


def go_template(document: Document, line: int) -> Problem | None:
    """Return a problem that asks for substitution first, if a line has Go's braces."""
    found = _GO.search(document.lines[line - 1])
    return template_in(document.lines, [line - 1], document.path) if found else None


def _no_text(error: yaml.reader.ReaderError, text: str, path: Path) -> Problem:
    before = BREAKS.split(text[: error.position])
    return Problem(
        what=f"not YAML: there is a character {ord(text[error.position]):#04x}, which is not text",
        where=Where(path, len(before), len(before[-1]) + 1),
        hint="is it a specification at all? It is text in UTF-8",
        code="spec-yaml",
    )
