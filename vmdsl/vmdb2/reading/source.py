"""The text of a specification: a file, or standard input."""

from __future__ import annotations

import codecs
import sys
from pathlib import Path

from vmdsl.errors import Problem, RecipeError, UsageError, Where

#: What stands for standard input.
STDIN = Path("-")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def text_of(path: Path) -> str:
    """The text of a file; `-` is standard input.

    Raises UsageError if it cannot be read, RecipeError if it is not UTF-8.
    """
    if path.is_dir():
        raise UsageError(
            Problem(what=f"{path} is a directory", hint="name the specification that is in it")
        )
    try:
        data = sys.stdin.buffer.read() if path == STDIN else path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        *_, line = before = data[: error.start].split(b"\n")
        column = len(line.decode("utf-8")) + 1
        encoding = "utf-16" if data.startswith(_UTF_16) else "latin1"
        hint = f"convert it: iconv -f {encoding} -t utf-8 {path}"
        if encoding == "latin1" and b"\0" in data:
            hint = "is it a specification at all?"
        raise RecipeError(
            Problem(
                what=f"it is not UTF-8 text: there is a byte {data[error.start]:#04x}",
                where=Where(path, len(before), column),
                hint=hint,
            )
        ) from None
