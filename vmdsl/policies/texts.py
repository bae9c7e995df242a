"""The texts of a plan: files that get into the system, and scripts that a build runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vmdsl.language.operation import Operation, Work
from vmdsl.operations.files.directories import CopyTree
from vmdsl.operations.files.files import CopyFile, CreateFile
from vmdsl.plan.plan import Plan

#: In bytes: settings are shorter.
_LONGEST = 2**20


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text in a plan. `path` is that of a file in the system; empty for a script.

    `about` is the argument of the operation `at` that it is, or comes from.
    """

    at: Operation
    about: str
    path: str
    text: str


def scripts(plan: Plan) -> Iterator[Text]:
    """Yield the scripts that the build runs, in its order."""
    for operation in plan.operations:
        for script in operation.scripts() if isinstance(operation, Work) else ():
            if script.about == "script":
                yield Text(at=operation, about=script.about, path="", text=script.text)


def files(plan: Plan, *below: str) -> Iterator[Text]:
    """Yield the files that operations write at one of the paths, or below, if they are text.

    Secrets are not among them, nor is what packages and scripts write.
    """
    for operation, path, source in paths(plan):
        if not any(path == one or path.startswith(f"{one}/") for one in below):
            continue
        if isinstance(operation, CreateFile) and isinstance(operation.content, str):
            yield Text(at=operation, about="content", path=path, text=operation.content)
        with suppress(OSError, UnicodeDecodeError):
            if source and source.is_file() and source.stat().st_size <= _LONGEST:
                text = source.read_bytes().decode()
                yield Text(at=operation, about="source", path=path, text=text)


def paths(plan: Plan) -> Iterator[tuple[Operation, str, Path | None]]:
    """Yield each operation that writes a file, with the path, and the local file if it copies."""
    for operation in plan.operations:
        match operation:
            case CreateFile():
                yield operation, operation.path, None
            case CopyFile():
                yield operation, operation.path, operation.directory / operation.source
            case CopyTree():
                top = operation.path.rstrip("/")
                for file in operation.local_files():
                    if file.is_relative_to(operation.source):
                        inner = file.relative_to(operation.source)
                        yield operation, f"{top}/{inner}", operation.directory / file
