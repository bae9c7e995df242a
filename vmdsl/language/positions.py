"""Places in a recipe, from the frames that run it: Python knows the columns of each call."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, FrameType

from vmdsl.errors import Where

Position = tuple[int | None, int | None, int | None, int | None]

_MOST = 256
#: The positions of the instructions of code that ran lately, by its id.
_known: dict[int, tuple[CodeType, Sequence[Position]]] = {}


def way_from(recipe: Path) -> tuple[Where | None, Sequence[FrameType]]:
    """Return the place in a recipe that runs now, if it runs, and the frames that it has called."""
    name = str(recipe)
    passed: list[FrameType] = []
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 (documented, CPython-wide)
    while frame is not None:
        if frame.f_code.co_filename == name:
            return where_in(frame, recipe), passed
        passed.append(frame)
        frame = frame.f_back
    return None, ()


def where_in(frame: FrameType, file: Path) -> Where:
    """Return the place of the call that a frame is at."""
    line, end_line, start, end = _positions(frame.f_code)[frame.f_lasti // 2]
    if line != frame.f_lineno or start is None or end is None:
        return Where(file, frame.f_lineno)
    return Where(file, frame.f_lineno, start=start, end=end if end_line == line else -1)


def _positions(code: CodeType) -> Sequence[Position]:
    """Return the positions of all instructions; to find one of them takes as long."""
    if id(code) not in _known:
        if len(_known) >= _MOST:
            _known.clear()
        _known[id(code)] = code, tuple(code.co_positions())
    return _known[id(code)][1]
