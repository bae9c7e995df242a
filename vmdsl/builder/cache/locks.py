"""Locks on files and directories of the cache, each held as long as it is open."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def hold(path: Path, *, shared: bool = False, wait: bool = False) -> int | None:
    """Lock a file or directory, and return its number: it is locked until that is closed.

    Return None if nothing is there, or somebody else has locked, removed or replaced it. With
    `wait` it may take until others let go; with `shared` others may hold it too, if they share it.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    is_held = False
    try:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        fcntl.flock(file, kind | (0 if wait else fcntl.LOCK_NB))
        is_held = os.path.samestat(os.fstat(file), path.stat())
    except (BlockingIOError, FileNotFoundError):
        pass
    finally:
        if not is_held:
            os.close(file)
    return file if is_held else None


@contextmanager
def locked(path: Path, *, shared: bool = False, wait: bool = False) -> Iterator[bool]:
    """Hold a file or directory for a while. Yield whether that was possible."""
    file = hold(path, shared=shared, wait=wait)
    try:
        yield file is not None
    finally:
        if file is not None:
            os.close(file)


def take_out(entry: Path, trash: Path) -> bool:
    """Move a file or directory to `trash`, unless it is locked. Return whether it was moved."""
    with locked(entry) as free:
        if free:
            try:
                entry.rename(trash)
            except FileNotFoundError:  # a broken layer makes room for another without a lock
                return False
        return free
