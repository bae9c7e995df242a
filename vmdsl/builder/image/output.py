"""The image's file: without a name until it is whole."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from vmdsl import programs
from vmdsl.builder.image.formats import RAW, Format, format_of, suffixes_to_build
from vmdsl.errors import HostError, Problem, UsageError
from vmdsl.host.full import error_of_disk, is_full


class Output:
    """An open file that becomes `path` when it is published, and vanishes otherwise.

    `raw` is the open file of the raw image: another one where `path` says another format, which is
    to be converted to `file`.

    Raises UsageError where no file can be made at `path`, or not in the format that its name says,
    and HostError where the program for that is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._part = self.path.parent / f".{self.path.name}.vmdsl-part"
        self._named = False
        self.format = _format_to_build(path)
        if self.path.exists() and not self.path.is_file():
            raise UsageError(
                f"{path}: the image cannot be written here: it is not a plain file",
                code="image-place",
            )
        try:
            self._part.unlink(missing_ok=True)
            self.file = self.raw = self._open()
            if self.format is not RAW:
                with tempfile.TemporaryFile(dir=self.path.parent) as scratch:
                    self.raw = os.dup(scratch.fileno())
        except OSError as error:
            if is_full(error):
                raise error_of_disk(error, path) from None
            raise UsageError(
                f"{path}: the image cannot be written here: {error.strerror}", code="image-place"
            ) from None

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_CLOEXEC
        try:
            return os.open(self.path.parent, flags | os.O_TMPFILE, 0o666)
        except IsADirectoryError:  # a kernel or a filesystem without O_TMPFILE
            pass
        except OSError as error:
            if error.errno != errno.EOPNOTSUPP:
                raise
        self._named = True
        return os.open(self._part, flags | os.O_CREAT | os.O_TRUNC, 0o666)

    def can_hold(self, size: int) -> bool:
        """Return whether a file of `size` bytes can be here, though it be all holes."""
        try:
            os.ftruncate(self.raw, size)
            os.ftruncate(self.raw, 0)
        except (OSError, OverflowError):
            return False
        return True

    def publish(self, workspace: Path) -> None:
        """Give the file its name, in place of another that has it.

        `workspace` is a directory where nothing that a kill leaves behind matters.
        """
        if self._named:
            self._part.rename(self.path)
        elif not self.path.exists():
            self._link(self.path)
        else:
            part = workspace / "image"
            try:
                self._link(part)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                part = self._part
                self._link(part)
            part.rename(self.path)
        self._named = False

    def _link(self, name: Path) -> None:
        here = os.open("/proc/self/fd", os.O_PATH | os.O_DIRECTORY)
        try:
            os.link(str(self.file), name, src_dir_fd=here, follow_symlinks=True)
        finally:
            os.close(here)

    def close(self) -> None:
        """Close the file. Without a name it vanishes."""
        for file in {self.file, self.raw}:
            os.close(file)
        if self._named:
            with suppress(OSError):
                self._part.unlink()


def _format_to_build(image: Path) -> Format:
    """Return the format that a name says. Raises UsageError or HostError if it can't be built."""
    form = format_of(image)
    if form.convert is None:
        what = f"{image}: vmdsl cannot build images in the format {form.name}"
        raise UsageError(
            Problem(
                what=what, hint=f"let the name end with {suffixes_to_build()}", code="image-format"
            )
        )
    for program in form.programs:
        if programs.find(program) is None:
            what = f"there is no program {program}, which makes images in the format {form.name}"
            raise HostError(
                Problem(
                    what=what,
                    hint=programs.how_to_get(program, form.package),
                    code="missing-program",
                )
            )
    return form
