"""Trees of failed builds, kept in the cache.

`kept/NAME/tree` is a whole tree, a copy that shares nothing with other builds, and
`kept/NAME/meta.json` a FailedTree.
"""

from __future__ import annotations

import json
import os
import shlex
import socket
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from vmdsl.builder.cache.cache_dir import CacheDir, default_cache_dir
from vmdsl.builder.cache.locks import locked, take_out
from vmdsl.builder.cache.workspace import own_workspace
from vmdsl.builder.sandbox import namespaces
from vmdsl.builder.sandbox.shells import attend
from vmdsl.errors import HostError, Problem, UsageError


@dataclass(frozen=True, kw_only=True)
class FailedTree:
    """The origin of a failed tree: the recipe, and the first problem of its build."""

    recipe: str
    problem: str


def keep_tree(copied: Path, cache: CacheDir, name: str, about: FailedTree) -> Problem:
    """Move a directory that has the failed tree to the cache. Returns what to say about it."""
    place = cache.failed_trees / name
    place.parent.mkdir(exist_ok=True)
    (copied / "meta.json").write_text(json.dumps(asdict(about)), encoding="utf-8")
    copied.rename(place)
    other = "" if cache == default_cache_dir() else f" --cache-dir {shlex.quote(str(cache))}"
    command = f"vmdsl cache {{}} {shlex.quote(name)}{other}"
    return Problem(
        what=f"the tree is kept in {place / 'tree'}",
        hint=f"look into it: {command.format('shell')}\nremove it: {command.format('remove')}",
        code="",
    )


def read_about(place: Path) -> FailedTree | None:
    """Return what is known of the failed tree in a directory, if that can be read."""
    try:
        return FailedTree(**json.loads((place / "meta.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _find(cache: CacheDir, name: str) -> Path:
    """Return the directory of a failed tree. Raises UsageError where there is none."""
    place = cache.failed_trees / name
    if "/" in name or not os.path.isdir(place):  # noqa: PTH112 (raises nothing)
        raise UsageError(
            Problem(
                what=f"no tree is kept as {name}",
                hint="the names: vmdsl cache show --all",
                code="kept-tree",
            )
        )
    return place


def visit(cache: CacheDir, name: str, show: Callable[[int], None]) -> None:
    """Run a shell in a failed tree; `show` is given its terminal, and returns when it has ended.

    Raises UsageError where there is no such tree, and HostError where there can be no shell.
    """
    place = _find(cache, name)
    with ExitStack() as stack:
        if not stack.enter_context(locked(place, shared=True)):
            raise UsageError(f"the tree {name} is being removed", code="kept-tree")
        workspace = stack.enter_context(own_workspace(cache))
        log = stack.enter_context((workspace / "log").open("w+b"))
        ours, theirs = (stack.enter_context(end) for end in socket.socketpair())
        process = namespaces.start_python(
            "vmdsl.builder.sandbox.shells",
            *(str(place / "tree"), str(workspace), str(theirs.fileno())),
            log=log.fileno(),
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        stack.callback(namespaces.end, process)
        if not attend(ours, show):
            said = (workspace / "log").read_text("utf-8", "replace").splitlines()[-1:]
            raise HostError(
                Problem(
                    what="no shell can be opened in the tree", hint="".join(said), code="kept-tree"
                )
            )


def remove(cache: CacheDir, name: str) -> None:
    """Remove a failed tree. Raises UsageError where it is missing, or has a shell in it."""
    place = _find(cache, name)
    with own_workspace(cache) as workspace:
        if not take_out(place, workspace / "trash"):
            raise UsageError(f"the tree {name} is in use: a shell is open in it", code="kept-tree")
