"""Keeps the tree of a build that fails, or opens a shell in it, in the sandbox."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from pathlib import Path

from vmdsl.builder.sandbox.children import end_everything
from vmdsl.builder.sandbox.mounts import unmount_below
from vmdsl.builder.sandbox.shells import run_shell
from vmdsl.builder.tree.layers import Layers
from vmdsl.builder.tree.surroundings import surroundings
from vmdsl.builder.tree.tree import BuildTree
from vmdsl.errors import BuildError, Problem


def copy_tree(tree: BuildTree, directory: Path) -> list[Problem]:
    """Copy the tree as the failed operation has left it to `tree` in a new directory.

    Returns what to say where that can't be done; then there is no such directory.
    """
    end_everything()
    part = directory.with_name(f"{directory.name}.part")
    try:
        tree.unbind()
        unmount_below(tree.path)
        part.mkdir(mode=0o700)
        tree.run("cp", "--archive", "--one-file-system", f"{tree.path}/.", str(part / "tree"))
        part.rename(directory)
    except (BuildError, OSError) as error:
        tree.run("rm", "-rf", str(part))  # so that there is room for the log
        reason = (
            error.problems[0]
            if isinstance(error, BuildError)
            else Problem(what=str(error), code="kept-tree")
        )
        return [
            Problem(
                what=f"the tree could not be kept: {reason.what}",
                hint=reason.hint,
                code="kept-tree",
            )
        ]
    return []


def open_shell(tree: BuildTree, layers: Layers, devices: Path, resolver: str, console: int) -> None:
    """Run a shell in the tree as the failed operation has left it, in the same surroundings.

    Nothing that is mounted for it is taken away: the sandbox ends with it.
    """
    stack = ExitStack()
    if os.statvfs(tree.path).f_flag & os.ST_RDONLY:  # it is complete
        stack.enter_context(layers.writing())
    if not os.path.ismount(tree.path / "proc"):
        stack.enter_context(surroundings(tree, devices, resolver))
    tree.scratch.mkdir(exist_ok=True)
    with socket.socket(fileno=console) as outside:
        run_shell(
            tree.path, devices=devices, scratch=tree.scratch, epoch=tree.epoch, console=outside
        )
