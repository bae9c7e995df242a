"""Formats of image files: one row each.

A build makes a raw image. Where the output is to have another format, a program converts it when
it is whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vmdsl.similar import mistakes


@dataclass(frozen=True, kw_only=True)
class Format:
    """A format of image files: QEMU's `name` for it, and the `suffix` of a file's name.

    `convert` is the command that makes it of a raw image, the same bytes each time, with two more
    arguments: the raw image and the new file, which is there and empty. It is empty for the raw
    format, and None for a format that can be booted but not built. `package` has its program.
    """

    name: str
    suffix: str
    convert: tuple[str, ...] | None = None
    package: str = ""

    @property
    def programs(self) -> tuple[str, ...]:
        """The programs of this machine that make it."""
        return (self.convert or ())[:1]


RAW = Format(name="raw", suffix=".img", convert=())
FORMATS = (
    RAW,
    Format(
        name="qcow2",
        suffix=".qcow2",
        convert=("qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-o", "compat=1.1"),
        package="qemu-utils",
    ),
    # qemu-img gives each file of these an identifier of its own.
    Format(name="vdi", suffix=".vdi"),
    Format(name="vhdx", suffix=".vhdx"),
    Format(name="vmdk", suffix=".vmdk"),
    Format(name="vpc", suffix=".vpc"),
)


def format_of(image: Path) -> Format:
    """Return the format that the name of an image says: raw, if its suffix is not known."""
    return next((form for form in FORMATS if form.suffix == image.suffix), RAW)


def format_meant(image: Path) -> Format | None:
    """Return the format that was meant, if the suffix of a name is like that of one.

    Raw images have many names. They may also have no suffix, or the version of what they contain.
    """
    suffix = image.suffix.casefold()
    if any(image.suffix == form.suffix for form in FORMATS):
        return None
    return next((form for form in FORMATS if mistakes(suffix, form.suffix) <= 1), None)


def suffixes_to_build() -> str:
    """Return the suffixes of the formats that a build can make, as a text."""
    return " or ".join(form.suffix for form in FORMATS if form.convert is not None)
