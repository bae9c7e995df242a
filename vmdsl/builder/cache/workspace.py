"""The workspace: each build's own directory in the cache."""

from __future__ import annotations

import os
import pwd
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from vmdsl.builder.cache.cache_dir import CacheDir
from vmdsl.builder.cache.locks import locked
from vmdsl.builder.sandbox import namespaces
from vmdsl.errors import HostError, Problem
from vmdsl.host.full import error_of_disk, is_full


@contextmanager
def own_workspace(cache: CacheDir) -> Iterator[Path]:
    """Make a workspace, and remove it afterwards. Those of killed builds are removed as well."""
    with ExitStack() as stack:
        try:
            own = _make(cache.builds, stack)
        except OSError as error:
            raise unreachable(cache, error, "changed") from None
        yield own


def _make(builds: Path, stack: ExitStack) -> Path:
    builds.mkdir(parents=True, exist_ok=True)
    with locked(builds, wait=True):  # so that no build takes a new one for an old one
        for old in builds.iterdir():
            with locked(old) as free:
                if free:
                    namespaces.remove(old)
        own = Path(tempfile.mkdtemp(dir=builds))
        stack.enter_context(locked(own))
        stack.callback(namespaces.remove, own)
    _inherit_nothing(own)
    return own


def unreachable(cache: CacheDir, error: OSError, done: str) -> HostError:
    """Return the error that a cache can't be `done` to; mostly its owner explains why."""
    if is_full(error):
        return error_of_disk(error, cache.path)
    with suppress(OSError, KeyError):
        owner = pwd.getpwuid(cache.path.stat().st_uid).pw_name
        return HostError(
            Problem(
                what=f"the cache {cache} can't be {done}: {error.filename}: {error.strerror}",
                hint="" if cache.path.stat().st_uid == os.geteuid() else f"it belongs to {owner}",
                code="cache",
            )
        )
    return HostError(f"the cache {cache} can't be {done}: {error.strerror}", code="cache")


def _inherit_nothing(directory: Path) -> None:
    """Drop what a directory inherits from its parent and would give the image's files."""
    directory.chmod(0o700)
    with suppress(OSError):  # it has none, or there are none here
        os.removexattr(directory, "system.posix_acl_default")
