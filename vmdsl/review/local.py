"""The local files that operations read, with checksums of their content."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vmdsl.errors import HostError
from vmdsl.language.operation import Operation, Work

_EXECUTABLE = 0o100


@dataclass(frozen=True, kw_only=True)
class LocalFile:
    """A file that an operation reads. Of permissions, only `executable` counts, as in git.

    A symlink that is read as such has a `target` instead of a checksum. A directory has neither,
    and its path ends with a slash.
    """

    path: str
    sha256: str = ""
    executable: bool = False
    target: str = ""


def local_files(operation: Operation) -> Iterator[LocalFile]:
    """Yield the files that an operation reads, in a fixed order. Raises HostError."""
    if not isinstance(operation, Work):
        return
    directories = operation.local_directories()
    for path in dict.fromkeys((*directories, *operation.local_files())):
        inside = any(path != one and path.is_relative_to(one) for one in directories)
        shown = path
        if path.is_absolute() and path.is_relative_to(operation.directory):
            shown = path.relative_to(operation.directory)
        try:
            yield _local_file(operation.directory / path, str(shown), follow=not inside)
        except OSError as error:
            what = f"{path} cannot be read: {error.strerror}"
            raise HostError(operation.problem(what, code="local-file")) from None


def _local_file(path: Path, shown: str, *, follow: bool) -> LocalFile:
    about = path.stat(follow_symlinks=follow)
    if stat.S_ISLNK(about.st_mode):
        return LocalFile(path=shown, target=str(path.readlink()))
    if not stat.S_ISREG(about.st_mode):
        return LocalFile(path=f"{shown}/")
    with path.open("rb") as file:
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
    return LocalFile(path=shown, sha256=checksum, executable=bool(about.st_mode & _EXECUTABLE))
