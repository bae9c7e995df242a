"""The files of a directory, to be counted, or written by vmdsl itself."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from vmdsl.builder.image.allocation import Part, allocated, rounded

_PIECE = 64 * 1024


@dataclass(frozen=True, kw_only=True, eq=False)
class File:
    """A file of any type. `path` is where it is read, `names` are its paths below the top.

    A directory that no tree has, as `folder()` returns it, has no path.

    A file with hard links has several names. `entries` are what a directory holds, by name in the
    order of their bytes; `parent` is the directory that holds this one, and None for the top.
    """

    path: str
    about: os.stat_result
    parent: File | None = None
    names: list[str] = field(default_factory=list)
    entries: dict[str, File] = field(default_factory=dict)

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.about.st_mode)

    @property
    def is_regular(self) -> bool:
        return stat.S_ISREG(self.about.st_mode)

    @property
    def is_symlink(self) -> bool:
        return stat.S_ISLNK(self.about.st_mode)

    @property
    def size(self) -> int:
        """Its size in bytes, as lstat() reports it."""
        return self.about.st_size

    @property
    def links(self) -> int:
        """The number of hard links that it has in this content."""
        if self.is_directory:
            return 2 + sum(entry.is_directory for entry in self.entries.values())
        return len(self.names)

    @property
    def shown(self) -> str:
        """Its first name, as messages show it."""
        return f"/{self.names[0]}" if self.names else "/"

    @cached_property
    def attributes(self) -> dict[str, bytes]:
        """Its extended attributes, ACLs among them, sorted by name."""
        if not self.path:
            return {}
        names = sorted(os.listxattr(self.path, follow_symlinks=False))
        return {name: os.getxattr(self.path, name, follow_symlinks=False) for name in names}

    @cached_property
    def allocated(self) -> list[Part]:
        """The parts of a regular file that are not holes."""
        with open(self.path, "rb", buffering=0) as stream:  # noqa: PTH123 (a text is quicker)
            return allocated(stream.fileno())

    def data(self, block: int) -> Iterator[tuple[int, bytes]]:
        """Yield all of a regular file that isn't holes, with its offset, in pieces of 64 KiB.

        Each piece begins at a block, of so many bytes, and is shorter if a hole follows.
        """
        with open(self.path, "rb", buffering=0) as stream:  # noqa: PTH123 (a text is quicker)
            file = stream.fileno()
            for start, end in rounded(self.allocated, block, self.size):
                for position in range(start, end, _PIECE):
                    yield position, os.pread(file, min(_PIECE, end - position), position)

    def blocks(self, block: int) -> int:
        """Return how many blocks of a regular file, each of `block` bytes, aren't holes."""
        parts = rounded(self.allocated, block, self.size)
        return sum(-(-(end - start) // block) for start, end in parts)


def read(content: Path) -> list[File]:
    """Return a directory and all files below it, each directory before its entries."""
    files = []
    linked: dict[tuple[int, int], File] = {}
    pending = [File(path=str(content), about=content.lstat())]
    while pending:
        file = pending.pop()
        files.append(file)
        if not file.is_directory:
            continue
        below = []
        prefix = f"{file.names[0]}/" if file.names else ""
        for name in sorted(os.listdir(file.path), key=os.fsencode):  # noqa: PTH208 (much quicker)
            path = f"{file.path}/{name}"
            about = os.lstat(path)
            identity = (about.st_dev, about.st_ino)
            several = about.st_nlink > 1 and not stat.S_ISDIR(about.st_mode)
            entry = linked.get(identity) if several else None
            if entry is None:
                entry = File(path=path, about=about, parent=file)
                below.append(entry)
                if several:
                    linked[identity] = entry
            entry.names.append(prefix + name)
            file.entries[name] = entry
        pending += reversed(below)
    return files


def folder(time: int) -> File:
    """Return an empty directory of root's, with the time of its content in seconds."""
    about = os.stat_result(
        (stat.S_IFDIR | 0o755, 0, 0, 1, 0, 0, 0, time, time, time),
        {"st_mtime_ns": time * 10**9, "st_rdev": 0, "st_blocks": 0},
    )
    return File(path="", about=about)
