"""What vmdb2 makes above the files that copy-dir copies."""

from __future__ import annotations

import stat
from pathlib import Path

#: Its default, for directories that are missing.
USUAL = 0o755
_UMASK = 0o022
#: What mkdir takes of permissions: no setuid, no setgid.
_OF_MKDIR = 0o1777


def made(perm: int, umask: int = 0) -> int:
    """The mode of a directory that vmdb2 makes with `perm`."""
    return perm & ~umask & ~_UMASK & _OF_MKDIR


def parents_of_copy(perm: int, umask: int, source: Path, *, is_owned: bool) -> int | None:
    """What is `parents=` for `copy_tree()`; None where that does the same without it."""
    mode = source.stat().st_mode if source.is_dir() else USUAL
    of_source = stat.S_IMODE(mode) & ~umask
    wanted = made(perm, umask)
    return wanted if is_owned or not wanted == of_source == USUAL else None
