"""What must hold of files of this machine that packages come from, or are checked with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from vmdsl.errors import Problem
from vmdsl.language.operation import Operation
from vmdsl.operations.packages.apt import Apt
from vmdsl.operations.packages.sources import AptSource, what_is_wrong
from vmdsl.operations.systems.mmdebstrap import Debootstrap

_DEB = b"!<arch>\ndebian-binary"
_ENOUGH = 4096


def keyrings_are_keys(operations: Sequence[Operation]) -> Iterator[Problem]:
    """The keyrings of sources are such as apt can read."""
    for operation in operations:
        keyrings: tuple[Path, ...] = ()
        if isinstance(operation, Debootstrap):
            keyrings = operation.keyrings
        elif isinstance(operation, AptSource):
            keyrings = operation.source.keyring_files
        for file in keyrings:
            start = _start(operation.directory / file)
            if start is not None and (wrong := what_is_wrong(start)):
                yield operation.problem(
                    f"apt cannot read the keyring {file}: {wrong[0]}",
                    wrong[1],
                    about=operation.argument(file),
                )


def debs_are_packages(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Local packages are packages."""
    for operation in operations:
        for file in operation.debs if isinstance(operation, Apt) else ():
            start = _start(operation.directory / file)
            if start is not None and not start.startswith(_DEB):
                yield operation.problem(
                    f"{file} is no Debian package", "dpkg-deb --build makes one of a folder"
                )


def _start(file: Path) -> bytes | None:
    """The first bytes of a file; nothing where there is none, which another rule tells."""
    try:
        with file.open("rb") as content:
            return content.read(_ENOUGH)
    except OSError:
        return None
