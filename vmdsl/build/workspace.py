"""The directory of a build's own in the cache, and how directories there are held."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from vmdsl.build import sandbox


@contextmanager
def own_workspace(cache: Path) -> Iterator[Path]:
    """A directory of the build's own in the cache; those of builds that were killed are removed."""
    builds = cache / "builds"
    builds.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        with locked(builds, wait=True):  # so that no build takes a new one for an old one
            for old in builds.iterdir():
                with locked(old) as free:
                    if free:
                        sandbox.remove(old)
            own = Path(tempfile.mkdtemp(dir=builds))
            stack.enter_context(locked(own))
            stack.callback(sandbox.remove, own)
        _inherit_nothing(own)
        yield own


def _inherit_nothing(directory: Path) -> None:
    """Drop what a directory has from the one that it is in, and would give the image's files."""
    directory.chmod(0o700)
    with suppress(OSError):  # it has none, or there are none here
        os.removexattr(directory, "system.posix_acl_default")


@contextmanager
def locked(path: Path, *, wait: bool = False, shared: bool = False) -> Iterator[bool]:
    """Hold a file or directory for this process; whether it is there and nobody else holds it.

    With `shared`, others may hold it as well, if they share it too.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield False
        return
    try:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(file, kind | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(file)


def take_out(entry: Path, trash: Path) -> bool:
    """Move a file or directory to `trash`, whence it can be removed, unless somebody holds it."""
    with locked(entry) as free:
        if free:
            entry.rename(trash)
        return free
