"""Files of a filesystem that exists, and how they are unpacked into a directory."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from vmdsl.errors import BuildError, OwnerError
from vmdsl.existing.source import Source

_CHUNK = 2**20
_MOST_LINKS = 20


@dataclass(frozen=True, kw_only=True)
class Node:
    """A file, directory, symlink or other thing. Files with the same `number` are one.

    `time` is in nanoseconds. `target` is a symlink's.
    """

    number: int
    mode: int
    uid: int = 0
    gid: int = 0
    time: int = 0
    size: int = 0
    links: int = 1
    target: bytes = b""
    attributes: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part of a file's data: from `place` in the file, at `at` in the source.

    Without `at` it is zeros for which there is room on the disk, unlike in a hole. `data` are
    bytes that are not in one place in the source.
    """

    place: int
    size: int
    at: int | None = None
    data: bytes = b""


class Files(Protocol):
    """The files of a filesystem. Raises UnreadableImageError where it is damaged."""

    @property
    def source(self) -> Source:
        """The bytes of the filesystem."""

    @property
    def top(self) -> Node:
        """The top directory."""

    def entries(self, directory: Node) -> Iterator[tuple[bytes, Node]]:
        """Yield what is in a directory, with its names, but for itself and the one above."""

    def pieces(self, file: Node) -> Iterator[Piece]:
        """Yield the data of a file, in order, without holes."""


def content_of(files: Files, file: Node) -> bytes:
    """Return the content of a file."""
    content = bytearray(file.size)
    for piece in files.pieces(file):
        data = piece.data
        if piece.at is not None:
            data = files.source.read(piece.at, piece.size)
        content[piece.place : piece.place + len(data)] = data
    return bytes(content[: file.size])


def find(files: Files, path: str) -> Node | None:
    """Return what is at an absolute path, following symlinks; None if nothing is."""
    words = [word for word in path.encode().split(b"/") if word not in (b"", b".")]
    trail = [files.top]
    links = 0
    while words:
        word = words.pop(0)
        if word == b"..":
            del trail[max(len(trail) - 1, 1) :]
            continue
        if not stat.S_ISDIR(trail[-1].mode):
            return None
        found = next((node for name, node in files.entries(trail[-1]) if name == word), None)
        if found is None:
            return None
        if not stat.S_ISLNK(found.mode):
            trail.append(found)
            continue
        links += 1
        if links > _MOST_LINKS:
            return None
        if found.target.startswith(b"/"):
            del trail[1:]
        words[:0] = [word for word in found.target.split(b"/") if word not in (b"", b".")]
    return trail[-1]


def read_text(files: Files, path: str) -> str:
    """Return the text of the file at an absolute path, or "" if there is none."""
    file = find(files, path)
    if file is None or not stat.S_ISREG(file.mode):
        return ""
    return content_of(files, file).decode("utf-8", "replace")


def unpack(files: Files, place: str) -> int:
    """Unpack all files into a directory, which is made, or emptied of what is in it.

    Called in the tree. Device nodes are left out. Returns the newest time of what is
    unpacked, in seconds. Raises BuildError, OwnerError and OSError.
    """
    top = Path(os.path.realpath(place))
    top.mkdir(parents=True, exist_ok=True)
    for old in top.iterdir():
        if old.is_dir() and not old.is_symlink():
            shutil.rmtree(old)
        else:
            old.unlink()
    made = _Unpacking(files)
    made.directory(os.fsencode(top), files.top)
    return made.newest // 10**9


class _Unpacking:
    """The unpacking of one filesystem."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._first: dict[int, bytes] = {}
        self.newest = 0

    def directory(self, top: bytes, node: Node) -> None:
        """Unpack a directory that is there, with everything in it."""
        folders = [(top, node)]
        for path, folder in folders:  # which grows meanwhile
            for name, child in sorted(self._files.entries(folder), key=lambda entry: entry[0]):
                if path == top and name == b"lost+found":
                    continue  # each filesystem has its own
                place = os.path.join(path, name)  # noqa: PTH118 (of bytes)
                if stat.S_ISDIR(child.mode):
                    os.mkdir(place, 0o700)  # noqa: PTH102
                    folders.append((place, child))
                else:
                    self._make(place, child)
        for path, folder in reversed(folders):
            self._finish(path, folder)

    def _make(self, place: bytes, node: Node) -> None:
        kind = stat.S_IFMT(node.mode)
        if node.links > 1:
            first = self._first.setdefault(node.number, place)
            if first != place:
                if kind not in (stat.S_IFCHR, stat.S_IFBLK):
                    os.link(first, place, follow_symlinks=False)
                return
        if kind == stat.S_IFREG:
            self._write(place, node)
        elif kind == stat.S_IFLNK:
            os.symlink(node.target, place)  # noqa: PTH211
        elif kind in (stat.S_IFIFO, stat.S_IFSOCK):
            os.mknod(place, kind | 0o600)
        else:
            return
        self._finish(place, node)

    def _write(self, place: bytes, node: Node) -> None:
        source = self._files.source
        file = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(file, node.size)
            for piece in self._files.pieces(node):
                end = min(piece.size, node.size - piece.place)
                for start in range(0, end, _CHUNK):
                    size = min(_CHUNK, end - start)
                    data = piece.data[start : start + size]
                    if piece.at is not None:
                        data = source.read(piece.at + start, size)
                    written = 0
                    data = data.ljust(size, b"\0")
                    while written < size:
                        written += os.pwrite(file, data[written:], piece.place + start + written)
        finally:
            os.close(file)

    def _finish(self, path: bytes, node: Node) -> None:
        """Set owner, attributes, permissions and time; in this order, as each changes others."""
        try:
            os.chown(path, node.uid, node.gid, follow_symlinks=False)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            owner = (node.uid, node.gid)
            what = f"{os.fsdecode(path)} in the image belongs to {owner[0]}:{owner[1]}"
            raise OwnerError(
                f"{what}, and no file can: your range of ids is too short", ids=owner, code="ids"
            ) from None
        for name, value in node.attributes.items():
            try:
                os.setxattr(path, name, value, follow_symlinks=False)
            except OSError as error:
                what = f"{os.fsdecode(path)} in the image has the attribute {name}"
                raise BuildError(
                    f"{what}, which cannot be set here: {error.strerror}", code="existing-image"
                ) from None
        if not stat.S_ISLNK(node.mode):
            os.chmod(path, stat.S_IMODE(node.mode))  # noqa: PTH101
        os.utime(path, ns=(node.time, node.time), follow_symlinks=False)
        self.newest = max(self.newest, node.time)
