"""Shows where a recipe is that takes long to read, and where it was when it was interrupted."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer, get_ident
from types import FrameType

import typer

#: Seconds that a recipe may take before its place is shown.
_PATIENCE = 5.0


@contextmanager
def watched(recipe: Path) -> Iterator[None]:
    """Print on a terminal where a recipe is after some seconds, and go on; and where Ctrl-C met it.

    Only the recipe's own code is meant, not mypy, which may take long the first time.
    """
    path, reader = str(recipe.resolve()), get_ident()

    def show() -> None:
        place = _place(traceback.walk_stack(sys._current_frames().get(reader)), path)  # noqa: SLF001 (documented)
        if place:
            typer.echo(f"vmdsl: {recipe}:{place} is still running; Ctrl-C ends it", err=True)

    timer = Timer(_PATIENCE, show)
    timer.daemon = True
    if sys.stderr.isatty():
        timer.start()
    try:
        yield
    except KeyboardInterrupt as error:
        frames = list(traceback.walk_tb(error.__traceback__))
        if place := _place(reversed(frames), path):
            typer.echo(f"vmdsl: {recipe}:{place} was running", err=True)
        raise
    finally:
        timer.cancel()


def _place(frames: Iterable[tuple[FrameType, int]], path: str) -> str:
    """Return the line and the step of the recipe, or ""; `frames` begin with the innermost."""
    own = [(frame, line) for frame, line in frames if frame.f_code.co_filename == path]
    if not own:
        return ""
    step = own[-1][0].f_code.co_name
    return f"{own[0][1]}" + (f": step {step}" if step != "<module>" else "")
