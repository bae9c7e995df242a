"""The recipes that are read now: whether one of them called something, and reports about that."""

from __future__ import annotations

import os
import sys
import sysconfig
from types import FrameType
from typing import NoReturn

from vmdsl.language.operation import Recorder, Refused
from vmdsl.plan.sources import ENVIRONMENT, UNCHECKED, Source

#: Modules of Python that read the clock and the like for their own purposes, not for a recipe.
_OF_THEIR_OWN = frozenset(
    (
        *("importlib", "zipimport", "pkgutil", "logging", "warnings", "traceback", "linecache"),
        *("inspect", "tokenize", "_strptime", "threading", "codecs", "encodings", "zoneinfo"),
    )
)
#: Modules that start threads for those who call them.
_OF_THREADS = frozenset(("threading",))
_BETWEEN = frozenset(sys.stdlib_module_names) - _OF_THEIR_OWN
_INSTALLED = tuple(
    f"{sysconfig.get_path(name)}/" for name in ("stdlib", "platstdlib", "purelib", "platlib")
)
#: The recorders of the recipes that are read now.
active: list[Recorder] = []


def refuse(what: str, hint: str, *, code: str) -> NoReturn:
    """Report a deed of the recipe, in place of what it read for that, and end its step."""
    recorder, where = active[-1], active[-1].where()
    others = ("not-repeatable", code)
    recorder.problems[:] = [
        p for p in recorder.problems if p.where != where or p.code not in others
    ]
    recorder.problem(what, hint, code=code)
    raise Refused(what)


def report(source: Source, frame: FrameType) -> None:
    """Report what changes from run to run, and stop before a variable is missing.

    A module of Python that reads it may expect that.
    """
    what = f"the recipe {'runs' if source == UNCHECKED else 'reads'} {source.name}"
    code = "unchecked-code" if source == UNCHECKED else "not-repeatable"
    recorder = active[-1]
    if (recorder.where(), code) not in {(p.where, p.code) for p in recorder.problems}:
        recorder.problem(what, source.instead, code=code)
    is_read = source == ENVIRONMENT and frame.f_code.co_name == "__getitem__"
    if is_read and not _is_between(frame.f_back) and frame.f_locals["key"] not in os.environ:
        raise Refused(what)


def is_for_recipe(
    frame: FrameType | None, *, direct: bool = False, of_threads: bool = False
) -> bool:
    """Return whether the recipe, or a module beside it, called what runs in a frame.

    It may have done so by way of Python's modules, unless only what is `direct` counts. Other
    modules need the clock and the environment for their own purposes.
    """
    while frame is not None and not is_of_recipe(frame):
        if direct or not _is_between(frame, of_threads=of_threads):
            return False
        frame = frame.f_back
    return frame is not None


def _is_between(frame: FrameType | None, *, of_threads: bool = False) -> bool:
    name = (frame.f_globals.get("__name__") or "").partition(".")[0] if frame else ""
    return name in _BETWEEN or (of_threads and name in _OF_THREADS)


def is_of_recipe(frame: FrameType) -> bool:
    """Return whether a frame runs code of the recipe, or of a module beside it."""
    recorder, file = active[-1], frame.f_code.co_filename
    return file == str(recorder.recipe) or (
        file.startswith(f"{recorder.recipe.parent}/")
        and not file.startswith(_INSTALLED)
        and "-packages/" not in file
        and frame.f_globals.get("__name__", "").partition(".")[0] not in ("vmdsl", "vmdsl_stdlib")
    )
