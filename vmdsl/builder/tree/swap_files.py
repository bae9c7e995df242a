"""Swap files in the tree, which have no holes, and a header that mkswap writes."""

from __future__ import annotations

import os

from vmdsl.builder.sandbox.children import write_all
from vmdsl.builder.tree.paths import created
from vmdsl.builder.tree.tree import BuildTree
from vmdsl.language.layout import SwapFileLayout

_PAGE = 4096


def make_swap_file(tree: BuildTree, place: SwapFileLayout) -> None:
    """Make a swap file in a tree, all of whose blocks are allocated and none but one is written."""
    file = place.swap_file
    blank = tree.scratch / "swap"
    with blank.open("wb") as stream:
        stream.truncate(file.size.bytes)
    blank.chmod(0o600)
    label = [f"--label={file.label}"] if file.label else []
    how = ("--quiet", f"--pagesize={_PAGE}", f"--uuid={place.uuid}", *label)
    tree.run("mkswap", *how, str(blank))
    with blank.open("rb") as made:
        header = made.read(_PAGE)
    blank.unlink()

    def write() -> None:
        with created(str(file.path), 0o600, 0, 0) as swap:
            os.posix_fallocate(swap, 0, file.size.bytes)
            write_all(swap, header)

    tree.inside(write)
