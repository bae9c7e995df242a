"""What the sandbox is told to do, and what it answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import IO, Any

from vmdsl.builder.cache.cache_dir import CacheDir, CacheOptions
from vmdsl.builder.report.progress import Work
from vmdsl.builder.report.timing import cpu_seconds
from vmdsl.errors import Problem, Where
from vmdsl.language.effects import ImageOperation, TreeOperation
from vmdsl.language.layout import Layout
from vmdsl.language.secret import Secret


class OnError(StrEnum):
    """What to do with the tree of a build that fails."""

    CLEAN = "clean"
    KEEP = "keep"
    SHELL = "shell"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One build, as it is sent into the sandbox.

    `directory` is where names of local files start, and `code` the recipe, where that is Python.
    `image` is the number of the open file that becomes the image, `log` that of the log.
    `workspace` is the build's own directory in `cache`. `secrets` has the values of all that the
    operations hold. `inputs` has for each tree operation a checksum of what its result depends on,
    or None where that isn't known; `start` of what all depend on, `cleaning` of the mount points.
    `stamps` has, for each tree operation, that of its local files before they were looked at.
    A shell at a failed step is offered through `console`, the number of a socket.
    """

    recipe: Path
    directory: Path
    code: Path | None
    layout: Layout
    tree_operations: tuple[TreeOperation, ...]
    image_operations: tuple[ImageOperation, ...]
    cache: CacheDir
    caching: CacheOptions
    workspace: Path
    image: int
    log: int
    epoch: int | None
    secrets: Mapping[Secret, bytes] = field(repr=False)
    start: str
    inputs: tuple[str | None, ...]
    stamps: tuple[str, ...]
    cleaning: str
    on_error: OnError = OnError.CLEAN
    console: int = -1


#: Programs of a thread that downloads are told of, too.
_telling = Lock()


def tell(stream: IO[str], kind: str, **content: object) -> None:
    """Send one event out of the sandbox, with the time that processors have worked so far."""
    line = json.dumps({"kind": kind, "cpu": cpu_seconds(), **content}) + "\n"
    with _telling:
        stream.write(line)
        stream.flush()


def problem_as_data(problem: Problem) -> dict[str, Any]:
    """A problem as JSON can hold it."""
    where = problem.where
    return {
        "what": problem.what,
        "hint": problem.hint,
        "step": problem.step,
        "where": [str(where.file), where.line, where.column, where.path] if where else None,
    }


def problem_from_data(data: dict[str, Any]) -> Problem:
    """The problem that `problem_as_data` was given."""
    file, *place = data["where"] or [None]
    where = Where(Path(file), *place) if file else None
    return Problem(what=data["what"], hint=data["hint"], step=data["step"], where=where)


def work_from_data(data: dict[str, Any]) -> Work:
    """The piece of work that a `started` event tells of."""
    return Work(
        number=data["number"],
        total=data["total"],
        step=data["step"],
        summary=data["summary"],
        how=data["how"],
    )
