"""The image that is to be written: its raw bytes, as an open file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vmdsl import programs
from vmdsl.builder.image.formats import FORMATS, RAW, Format, format_of
from vmdsl.errors import HostError, Problem, UsageError
from vmdsl.host.full import error_of_disk, is_full, says_full
from vmdsl.values import SECTOR

#: How compressed files start, and the command that unpacks them.
_COMPRESSED = {
    b"\x1f\x8b": "gzip --decompress --keep",
    b"\xfd7zXZ\0": "xz --decompress --keep",
    b"\x28\xb5\x2f\xfd": "zstd --decompress",
    b"BZh": "bzip2 --decompress --keep",
    b"\x04\x22\x4d\x18": "lz4 --decompress",
    b"PK\x03\x04": "unzip",
}
#: How images in other formats than raw start.
_STARTS = {b"QFI\xfb": "qcow2", b"KDMV": "vmdk", b"vhdxfile": "vhdx"}
_LONGEST = 8


@dataclass(frozen=True, kw_only=True)
class Source:
    """An open file with the raw bytes of an image, `size` of them."""

    name: str
    file: int
    size: int


@contextmanager
def opened_image(path: Path, *, name: str) -> Iterator[Source]:
    """Open an image, which messages call `name`.

    One in another format than raw is converted to a file without a name first.

    Raises UsageError if it is not a whole image, and HostError if it can't be converted here.
    """
    form = format_of(path)
    with path.open("rb") as given:
        if form is RAW:
            _require_raw(path, os.pread(given.fileno(), _LONGEST, 0))
            yield _source(name, given.fileno())
            return
    scratch = os.environ.get("TMPDIR") or "/var/tmp"  # noqa: S108 (a file without a name)
    try:
        with tempfile.TemporaryFile(dir=scratch) as raw:
            _convert(path, form, raw.fileno(), scratch)
            yield _source(name, raw.fileno())
    except OSError as error:
        if is_full(error):
            raise error_of_disk(error, scratch) from None
        if error.filename is None:
            raise
        raise HostError(
            Problem(
                what=f"{scratch}: {error.strerror}; {name} is converted there",
                hint="name another directory in TMPDIR",
                code="image-place",
            )
        ) from None


def _source(name: str, file: int) -> Source:
    size = os.fstat(file).st_size
    if size == 0 or size % SECTOR:
        raise UsageError(
            Problem(
                what=f"{name} is not the image of a disk: {size} bytes are not whole sectors",
                hint="if its end is missing: copy, download or build it again",
                code="damaged-image",
            )
        )
    return Source(name=name, file=file, size=size)


def _require_raw(path: Path, start: bytes) -> None:
    """Raise UsageError if a file that should be a raw image starts as another kind of file."""
    for signature, command in _COMPRESSED.items():
        if start.startswith(signature):
            what = f"{path} is compressed"
            raise _wrong_format(what, f"unpack it first: {command} {path}")
    for signature, name in _STARTS.items():
        if start.startswith(signature):
            suffix = next(form.suffix for form in FORMATS if form.name == name)
            raise _wrong_format(
                f"{path} has the format {name}, and its name says {RAW.name}",
                f"rename it: mv {path} {path.with_suffix(suffix)}",
            )


def _wrong_format(what: str, hint: str) -> UsageError:
    return UsageError(Problem(what=what, hint=hint, code="image-format"))


def _convert(path: Path, form: Format, raw: int, scratch: str) -> None:
    """Let qemu-img write the raw bytes of an image to an open file, with holes."""
    file = f"/proc/self/fd/{raw}"
    command = ("qemu-img", "convert", "-f", form.name, "-O", RAW.name, str(path.absolute()), file)
    try:
        done = programs.run(command, pass_fds=(raw,))
    except FileNotFoundError:
        raise HostError(
            Problem(
                what=f"{path} has the format {form.name}, and there is no program qemu-img here",
                hint=programs.how_to_get("qemu-img", "qemu-utils"),
                code="missing-program",
            )
        ) from None
    if says_full(done.output):
        raise HostError(
            Problem(
                what=f"there is no space left in {scratch}, where {path} is converted",
                hint="make room, or name another directory in TMPDIR",
                code="disk-full",
            )
        )
    if not done.ok:
        what = f"qemu-img cannot read {path}: {done.output.strip()}"
        raise UsageError(
            Problem(what=what, hint=f"see: qemu-img check {path}", code="damaged-image")
        )
