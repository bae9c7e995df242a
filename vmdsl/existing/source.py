"""The bytes of an image that exists, and of parts of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class UnreadableImageError(Exception):
    """An image, or a part of it, is not what can be read. `hint` says what to do."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what, hint)
        self.what = what
        self.hint = hint


class Source(Protocol):
    """Bytes to read. `size` is how many there are."""

    @property
    def size(self) -> int:
        """The number of bytes."""

    def read(self, start: int, size: int) -> bytes:
        """Return bytes from a place on; fewer at the end, and none behind it."""


@dataclass(frozen=True, kw_only=True)
class RawSource:
    """A raw image: an open file."""

    file: int
    size: int

    def read(self, start: int, size: int) -> bytes:
        """Return bytes from a place on; fewer at the end, and none behind it."""
        found = []
        while size > 0 and (piece := os.pread(self.file, size, start)):
            found.append(piece)
            start += len(piece)
            size -= len(piece)
        return b"".join(found)


@dataclass(frozen=True, kw_only=True)
class PartSource:
    """A part of other bytes, such as a partition."""

    whole: Source
    start: int
    size: int

    def read(self, start: int, size: int) -> bytes:
        """Return bytes from a place on; fewer at the end, and none behind it."""
        return self.whole.read(self.start + start, max(min(size, self.size - start), 0))


#: The first bytes of formats of images that are not raw, with what they are called.
_FORMATS = {
    b"QFI\xfb": "qcow2",
    b"KDMV": "vmdk",
    b"# Disk DescriptorFile": "vmdk",
    b"vhdxfile": "vhdx",
    b"conectix": "vhd",
    b"<<< ": "vdi",
    b"\xfd7zXZ\0": "xz",
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"PK\x03\x04": "zip",
}
#: The compressed ones, with the command that makes them plain.
_UNPACK = {
    "xz": "unxz --keep",
    "gzip": "gunzip --keep",
    "zstd": "unzstd",
    "bzip2": "bunzip2 --keep",
    "zip": "unzip",
}
_LONGEST = 32


@contextmanager
def opened(path: Path) -> Iterator[RawSource]:
    """Open a raw image. Raises UnreadableImageError for other formats, and OSError."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        start = os.pread(file, _LONGEST, 0)
        for magic, name in _FORMATS.items():
            if start.startswith(magic):
                raise UnreadableImageError(
                    f"{path.name} is an image in the format {name}, not a raw one",
                    f"make it one: {_UNPACK[name]} {path.name}"
                    if name in _UNPACK
                    else f"make it one: qemu-img convert -O raw {path.name} disk.img",
                )
        yield RawSource(file=file, size=os.fstat(file).st_size)
    finally:
        os.close(file)
