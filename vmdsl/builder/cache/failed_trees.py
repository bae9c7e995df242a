"""Trees of builds that failed, kept in the cache to be looked into.

`<cache>/kept/NAME/tree` is a whole tree, a copy that shares nothing with other builds, and
`<cache>/kept/NAME/meta.json` says where it comes from.
"""

from __future__ import annotations

import json
import os
import shlex
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from vmdsl.builder.cache.cache_dir import CacheDir, default_cache_dir
from vmdsl.builder.cache.workspace import locked, own_workspace, take_out
from vmdsl.builder.sandbox import namespaces
from vmdsl.builder.sandbox.shells import attend
from vmdsl.builder.tree.failure import KEPT
from vmdsl.errors import HostError, Problem, UsageError


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Where a tree comes from: the recipe, and what was wrong."""

    recipe: str
    problem: str


def take(workspace: Path, cache: CacheDir, name: str, about: Kept) -> Problem:
    """Move the tree that a build has left in its workspace to those kept; what to tell of it."""
    place = cache.failed_trees / name
    place.parent.mkdir(exist_ok=True)
    kept = workspace / KEPT
    (kept / "meta.json").write_text(json.dumps(asdict(about)), encoding="utf-8")
    kept.rename(place)
    other = "" if cache == default_cache_dir() else f" --cache-dir {shlex.quote(str(cache))}"
    command = f"vmdsl cache {{}} {shlex.quote(name)}{other}"
    return Problem(
        what=f"the tree is kept in {place / 'tree'}",
        hint=f"look into it: {command.format('shell')}\nremove it: {command.format('remove')}",
    )


def read_about(place: Path) -> Kept | None:
    """What is known of a kept tree, if that can be read."""
    try:
        return Kept(**json.loads((place / "meta.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def visit(cache: CacheDir, name: str, show: Callable[[int], None]) -> None:
    """Run a shell in a kept tree; `show` is given its terminal, and returns when it has ended.

    Raises UsageError where there is no such tree, and HostError where there can be no shell.
    """
    place = _find(cache, name)
    with ExitStack() as stack:
        if not stack.enter_context(locked(place, shared=True)):
            raise UsageError(f"the tree {name} is being removed")
        workspace = stack.enter_context(own_workspace(cache))
        log = stack.enter_context((workspace / "log").open("wb"))
        ours, theirs = (stack.enter_context(end) for end in socket.socketpair())
        process = namespaces.start(
            [
                *(sys.executable, "-P", "-X", "utf8", "-m", "vmdsl.builder.sandbox.shells"),
                *(str(place / "tree"), str(workspace), str(theirs.fileno())),
            ],
            log=log.fileno(),
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        stack.callback(namespaces.end, process)
        if not attend(ours, show):
            said = (workspace / "log").read_text("utf-8", "replace").splitlines()[-1:]
            raise HostError(Problem(what="no shell can be had in the tree", hint="".join(said)))


def remove(cache: CacheDir, name: str) -> None:
    """Remove a kept tree. Raises UsageError where there is none, or somebody looks into it."""
    place = _find(cache, name)
    with own_workspace(cache) as workspace:
        if not take_out(place, workspace / KEPT):
            raise UsageError(f"somebody looks into the tree {name}")


def _find(cache: CacheDir, name: str) -> Path:
    place = cache.failed_trees / name
    if "/" in name or not os.path.isdir(place):  # noqa: PTH112 (raises nothing)
        raise UsageError(
            Problem(what=f"no tree is kept as {name}", hint="the names: vmdsl cache show --all")
        )
    return place
