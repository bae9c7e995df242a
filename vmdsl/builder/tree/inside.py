"""Python functions at work in the tree, in a child process that no path leads out of it."""

from __future__ import annotations

import codecs
import ctypes
import errno
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from vmdsl.builder.sandbox.children import Child

for _name in ("ascii", "latin-1"):
    codecs.lookup(_name)  # in the tree it is too late to load them

_T = TypeVar("_T")
_LIBC = ctypes.CDLL(None, use_errno=True)
_NEW_MOUNTS, _DETACH, _NO_FOLLOW = 0x20000, 2, 8
#: What these lead to is not of the tree: /proc/1/root, say, is the machine's own root.
_NOT_OF_THE_TREE = (b"/proc", b"/sys", b"/dev")


def call(root: Path, function: Callable[[], _T]) -> _T:
    """Call `function` in a child whose root is the tree. Returns its result, or raises its error.

    The child sees the tree as it will be, without the /proc, /sys and /dev of operations.
    """
    return Child(partial(_in_tree, root, function)).result()


def _in_tree(root: Path, function: Callable[[], _T]) -> _T:
    os.chroot(root)
    os.chdir("/")
    _see_the_tree_alone()
    sys.path.clear()  # what was not imported yet must never come from the tree
    return function()


def _see_the_tree_alone() -> None:
    """Take away, for this process alone, what is mounted in the tree and is not of it."""
    if _LIBC.unshare(_NEW_MOUNTS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    for place in _NOT_OF_THE_TREE:
        while _LIBC.umount2(place, _DETACH | _NO_FOLLOW) == 0:
            pass
        if ctypes.get_errno() not in {errno.EINVAL, errno.ENOENT}:  # nothing is mounted there
            raise OSError(ctypes.get_errno(), "umount", place.decode())
