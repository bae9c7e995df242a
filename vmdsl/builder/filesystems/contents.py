"""What a directory holds, read once, for filesystems that vmdsl fills itself."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True, eq=False)
class File:
    """A file of any type. `path` is where it is read, `names` what it is called below the top.

    A file with hard links has several names. `entries` are what a directory holds, sorted;
    `parent` is the directory's own, which the top is itself.
    """

    path: Path
    about: os.stat_result
    attributes: dict[str, bytes]
    parent: File | None = None
    names: list[str] = field(default_factory=list)
    entries: dict[str, File] = field(default_factory=dict)

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.about.st_mode)

    @property
    def links(self) -> int:
        """The number of links that it has, of those that lead here from elsewhere too."""
        if self.is_directory:
            return 2 + sum(entry.is_directory for entry in self.entries.values())
        return len(self.names)

    @property
    def shown(self) -> str:
        """Its first name, as messages show it."""
        return f"/{self.names[0]}" if self.names else "/"


def read(content: Path) -> list[File]:
    """All that a directory holds, itself first; names in a directory are sorted by their bytes."""
    files = []
    linked: dict[tuple[int, int], File] = {}
    pending = [_file(content, content.lstat(), None)]
    while pending:
        file = pending.pop()
        files.append(file)
        if not file.is_directory:
            continue
        below = []
        for path in sorted(file.path.iterdir(), key=os.fsencode):
            about = path.lstat()
            identity = (about.st_dev, about.st_ino)
            several = about.st_nlink > 1 and not stat.S_ISDIR(about.st_mode)
            entry = linked.get(identity) if several else None
            if entry is None:
                entry = _file(path, about, file)
                below.append(entry)
                if several:
                    linked[identity] = entry
            entry.names.append(str(path.relative_to(content)))
            file.entries[path.name] = entry
        pending += reversed(below)
    return files


def _file(path: Path, about: os.stat_result, parent: File | None) -> File:
    names = sorted(os.listxattr(path, follow_symlinks=False))
    attributes = {name: os.getxattr(path, name, follow_symlinks=False) for name in names}
    return File(path=path, about=about, attributes=attributes, parent=parent)


_PIECE = 64 * 1024
_ZEROS = bytes(_PIECE)


def data_of(file: File) -> Iterator[tuple[int, bytes]]:
    """The pieces of a regular file that aren't all zeros, with their places in it.

    What is a hole thus depends on nothing but the content. Pieces are of 64 KiB, but for the last.
    """
    with file.path.open("rb", buffering=0) as stream:
        position, size = 0, file.about.st_size
        while position < size:
            try:  # what the machine keeps as a hole need not be read
                found = os.lseek(stream.fileno(), position, os.SEEK_DATA)
            except OSError:
                return
            position = max(position, found // _PIECE * _PIECE)
            piece = os.pread(stream.fileno(), _PIECE, position)
            if not piece:
                return
            if piece != _ZEROS[: len(piece)]:
                yield position, piece
            position += len(piece)
