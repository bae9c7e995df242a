"""Python functions at work in the tree, in a child process that no path leads out of it."""

from __future__ import annotations

import ctypes
import errno
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

from vmdsl.errors import BuildError

_T = TypeVar("_T")
_LIBC = ctypes.CDLL(None, use_errno=True)
_NEW_MOUNTS, _DETACH, _NO_FOLLOW = 0x20000, 2, 8
#: What these lead to is not of the tree: /proc/1/root, say, is the machine's own root.
_NOT_OF_THE_TREE = (b"/proc", b"/sys", b"/dev")


def call(root: Path, function: Callable[[], _T]) -> _T:
    """Call `function` in a child whose root is the tree; raises what it raises.

    The child sees the tree as it will be, without the /proc, /sys and /dev of operations.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(writer, root, function)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    if not answer:
        raise BuildError("a child process that worked in the tree was killed")
    succeeded, value = pickle.loads(answer)  # noqa: S301 (our own child wrote it)
    if not succeeded:
        raise value
    return cast("_T", value)


def _answer(writer: int, root: Path, function: Callable[[], object]) -> None:
    """In the child: go into the tree, call, and send the result; nothing else of ours happens."""
    try:
        try:
            os.chroot(root)
            os.chdir("/")
            _see_the_tree_alone()
            sys.path.clear()  # what was not imported yet must never come from the tree
            answer = pickle.dumps((True, function()))
        except Exception as error:  # noqa: BLE001 (it goes to the parent)
            answer = pickle.dumps((False, _that_pickles(error)))
        write_all(writer, answer)
    finally:
        os._exit(0)


def _see_the_tree_alone() -> None:
    """Take away, for this process alone, what is mounted in the tree and is not of it."""
    if _LIBC.unshare(_NEW_MOUNTS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    for place in _NOT_OF_THE_TREE:
        while _LIBC.umount2(place, _DETACH | _NO_FOLLOW) == 0:
            pass
        if ctypes.get_errno() not in {errno.EINVAL, errno.ENOENT}:  # nothing is mounted there
            raise OSError(ctypes.get_errno(), "umount", place.decode())


def _that_pickles(error: Exception) -> Exception:
    """The error, or one that says the same, where it cannot be sent to another process."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 (it is our own)
    except Exception:  # noqa: BLE001 (whatever its author made of it)
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def write_all(file: int, data: bytes) -> None:
    """Write all of it, however many calls that takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
