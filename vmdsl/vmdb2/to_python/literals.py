"""Literals: texts, sizes and paths as a recipe has them, which mean exactly the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from pathlib import Path
from uuid import UUID

from vmdsl.values import Percent, Size, position
from vmdsl.vmdb2.draft import Hex, Octal
from vmdsl.vmdb2.to_python.head import Imports
from vmdsl.vmdb2.to_python.lines import Brackets, Expression

_TRIPLE = '"""'
_ESCAPED_QUOTE = r"\""
_ESCAPES = {"\\": r"\\", "\n": r"\n", "\t": r"\t", "\r": r"\r"}
#: Where two are as short, the first one counts.
_UNITS = {
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
    "KiB": 2**10,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "kB": 10**3,
    "sectors": 512,
}


@dataclass(frozen=True)
class Code:
    """An expression within a text: `hostname()`."""

    source: str


def string(*parts: str | Code) -> str:
    """Return a literal; an f-string if there is code in the text, or the code alone.

    Several lines are put between triple quotes. With backslashes it is a raw string if possible.
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
    """Return the quotes for a text, so that little in it must be escaped."""
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
    """Return the parts, with the braces that an f-string needs."""
    return "".join(
        f"{{{part.source}}}"
        if isinstance(part, Code)
        else part.replace("{", "{{").replace("}", "}}")
        if mark
        else part
        for part in parts
    )


def value(made: object, imports: Imports, *, is_place: bool = False) -> Expression:
    """Return an expression for a value; `position` for a place on a disk that no unit fits."""
    match made:
        case Enum():
            return f"{imports.use(type(made).__name__)}.{made.name}"
        case str():
            return string(made)
        case Octal() | Hex():
            return f"0o{made:o}" if isinstance(made, Octal) else f"0x{made:02x}"
        case None | bool() | int() | float():
            return repr(made)
        case Size():
            return _size(made, imports, is_place=is_place)
    return _made_of_one(made, imports)


def _made_of_one(made: object, imports: Imports) -> Brackets:
    match made:
        case Percent(number):
            name, inner = (
                imports.use("Percent"),
                str(int(number) if number == int(number) else number),
            )
        case Path():
            name, inner = imports.use("Path", "pathlib"), string(str(made))
        case UUID():
            name, inner = imports.use("UUID", "uuid"), string(str(made))
        case _:
            raise TypeError(f"{made!r} cannot be written in a recipe")
    return Brackets(f"{name}(", (("", inner),))


def _size(size: Size, imports: Imports, *, is_place: bool) -> Brackets:
    """Return the shortest expression that is exact: `-MiB(100)`."""
    spellings = _spellings(size, is_place=is_place)
    function, number = min(spellings, key=lambda spelling: len(spelling[1].strip('"-MB')))
    imports.use(function.removeprefix("-"))
    return Brackets(f"{function}(", (("", number),))


def _spellings(size: Size, *, is_place: bool) -> Iterator[tuple[str, str]]:
    sign = "-" if size.bytes < 0 else ""
    number = abs(size.bytes)
    for unit, factor in _UNITS.items():
        if number % factor == 0:
            yield sign + unit, str(number // factor)
        elif number * 4 % factor == 0 and unit != "sectors":  # floats are exact for quarters
            yield sign + unit, str(number / factor)
    megabytes = f'"{round(Fraction(size.bytes, 10**6))}MB"'
    if is_place and position(megabytes.strip('"')) == size:
        yield "position", megabytes
    yield "Size", str(size.bytes)
