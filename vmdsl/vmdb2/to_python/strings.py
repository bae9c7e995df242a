"""Texts as string literals of Python that read well, and mean exactly the same."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TRIPLE = '"""'
_ESCAPED_QUOTE = r"\""
_ESCAPES = {"\\": r"\\", "\n": r"\n", "\t": r"\t", "\r": r"\r"}


@dataclass(frozen=True)
class Code:
    """An expression within a text: `hostname()`."""

    source: str


def string(*parts: str | Code) -> str:
    """A literal; an f-string where there is code in the text, or the code alone.

    Lines stand between triple quotes as they are. What has backslashes is raw if it can be.
    """
    wanted: list[str | Code] = []
    for part in parts:
        if wanted and isinstance(part, str) and isinstance(wanted[-1], str):
            wanted[-1] += part
        elif part != "":
            wanted.append(part)
    if len(wanted) == 1 and isinstance(wanted[0], Code):
        return wanted[0].source
    text = "".join(part if isinstance(part, str) else "x" for part in wanted)
    quote = _quote(text)
    mark = "f" if any(isinstance(part, Code) for part in wanted) else ""
    if "\\" in text and _can_be_raw(text, quote):
        return f"r{mark}{quote}{_body(wanted, mark)}{quote}"
    start = end = ""
    if quote == _TRIPLE:
        start = "" if text.startswith("\n") else "\\\n"
        end = "\\\n" if text.endswith('"') else ""
    escaped = [_escaped(part, quote) if isinstance(part, str) else part for part in wanted]
    return f"{mark}{quote}{start}{_body(escaped, mark)}{end}{quote}"


def _quote(text: str) -> str:
    """What stands around the text, so that little in it must be escaped."""
    if "\n" in text.strip("\n"):
        return _TRIPLE
    return "'" if text.count('"') > text.count("'") else '"'


def _can_be_raw(text: str, quote: str) -> bool:
    if quote in text or text.endswith("\\") or (quote == "'" and _ESCAPED_QUOTE in text):
        return False
    if quote != _TRIPLE:
        return text.isprintable()
    if text.startswith('"') or text.endswith('"') or re.search(r"[ \t]\n", text):
        return False
    return re.sub(r"[\n\t]", "", text).isprintable()


def _escaped(text: str, quote: str) -> str:
    if quote != _TRIPLE:
        return "".join(map(_character, text)).replace(quote, "\\" + quote)
    body = "".join(c if c in "\n\t" else _character(c) for c in text)
    body = re.sub(r" (?=\n)", r"\\x20", body)  # editors take away what they don't show
    return re.sub(r"\t(?=\n)", r"\\t", body).replace(_TRIPLE, '""' + _ESCAPED_QUOTE)


def _character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    number = ord(character)
    if number <= 0xFF:  # noqa: PLR2004 (two digits)
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"  # noqa: PLR2004 (four)


def _body(parts: list[str | Code], mark: str) -> str:
    """The parts, with the braces that an f-string needs."""
    return "".join(
        f"{{{part.source}}}"
        if isinstance(part, Code)
        else part.replace("{", "{{").replace("}", "}}")
        if mark
        else part
        for part in parts
    )
