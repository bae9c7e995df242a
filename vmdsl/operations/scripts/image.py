"""Bytes at a place of the disk, and scripts that work on the image itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vmdsl.errors import BuildError
from vmdsl.language.effects import Image, ImageOperation
from vmdsl.language.handles import Disk, Partition
from vmdsl.language.layout import Layout, Span
from vmdsl.language.operation import Script, operation, record, refuse
from vmdsl.operations.files.files import Place, place_of
from vmdsl.operations.scripts.shells import checked_script, first_line
from vmdsl.values import Size


@dataclass(frozen=True, kw_only=True)
class SystemFile:
    """A file of the future system, as `write_at()` takes it. Made by `system_file()`."""

    path: str


def system_file(root: Place, path: str) -> SystemFile:
    """Name a file of the system, for `write_at()`. It is read when the image is made.

    `path` starts at `root`. One that is missing then, or is not a file, ends the build.
    """
    return SystemFile(path=place_of(root, path))


@operation
class WriteAt(ImageOperation):
    """Bytes at a place of the disk, or of a partition."""

    place: Disk | Partition
    content: bytes | Path | SystemFile
    offset: Size

    def summary(self) -> str:
        match self.content:
            case bytes():
                what = f"{len(self.content)} bytes"
            case SystemFile():
                what = self.content.path
            case _:
                what = str(self.content)
        return f"write {what} at {self.offset} of {self.place.name}"

    def local_files(self) -> tuple[Path, ...]:
        return (self.content,) if isinstance(self.content, Path) else ()

    def length(self) -> int | None:
        """Return how many bytes it writes; None if only the build knows."""
        if isinstance(self.content, bytes):
            return len(self.content)
        if isinstance(self.content, Path):
            file = self.directory / self.content
            return file.stat().st_size if file.is_file() else None
        return None

    def writes(self, layout: Layout) -> tuple[Span, ...]:
        start, length = self.offset.bytes, self.length()
        within = self.place if isinstance(self.place, Partition) else None
        if within is not None:
            start += layout.of_partition(within).start
        end, what = start + (length or 1), "the bytes that it writes"
        return (Span(start=start, end=end, what=what, within=within),)

    def apply(self, image: Image) -> None:
        content = self._content(image)
        if not content:
            raise BuildError("there is nothing to write: the file is empty", code="write-place")
        within = self.place if isinstance(self.place, Partition) else None
        image.write_at(self.offset.bytes, content, within=within)

    def _content(self, image: Image) -> bytes:
        match self.content:
            case bytes():
                return self.content
            case SystemFile(path=path):
                return image.tree.read(path)
            case _:
                return (image.tree.recipe_directory / self.content).read_bytes()


def write_at(place: Disk | Partition, content: bytes | Path | SystemFile, *, offset: Size) -> None:
    """Write bytes to the disk, or to a partition, after the filesystems were made.

    `content` is the bytes themselves, a `Path` of this machine, relative to the recipe's
    directory, or a `system_file()`. `offset` counts from the start of `place`.

    Bytes written to the disk must be outside the partition table and all partitions; bytes written
    to a partition must fit into it. No byte is written twice. This is checked before the build as
    far as the length is known, and again when the image is made.
    """
    if isinstance(content, str):
        hint = 'write b"…" for bytes, Path(…) for a file of this machine, or system_file(…)'
        raise refuse(f"content={content!r} is a text", hint, code="write-place")
    if not isinstance(place, Disk | Partition):
        raise refuse(
            "bytes are written to a disk or to a partition",
            "give the handle of one",
            code="write-place",
        )
    if content == b"":
        raise refuse("no bytes to write", "give the bytes, or remove the step", code="write-place")
    if offset.bytes < 0:
        raise refuse(f"an offset of {offset}", "count from the start", code="write-place")
    record(WriteAt(place=place, content=content, offset=offset))


@operation
class ImageShell(ImageOperation):
    """A shell script that works on the image."""

    programs = ("sh",)
    disk: Disk
    script: str
    partitions: tuple[Partition, ...]
    table: bool

    def network(self) -> str:
        return "perhaps, as its script may use it"

    def is_repeatable(self) -> bool:
        return False  # what it reads of this machine is not known

    def summary(self) -> str:
        return f"image shell: {first_line(self.script)}"

    def scripts(self) -> tuple[Script, ...]:
        return (Script(text=self.script),)

    def apply(self, image: Image) -> None:
        image.run("sh", "-ec", self.script, partitions=self.partitions, table=self.table)


def image_shell(
    disk: Disk, script: str, *, partitions: Sequence[Partition] = (), table: bool = False
) -> None:
    """Run a script with this machine's programs that changes the image itself.

    It runs with `sh -e` in the recipe's directory, in the sandbox, after the filesystems were
    made. `$IMAGE` is the image, which has no other name yet, and `$ROOT` the tree of the system,
    which can no longer be changed.

    The script may change what is in no partition, the `partitions` that are named here, and with
    `table=True` the partition table. A script that has changed anything else, or the size of the
    image, ends the build.
    """
    if isinstance(partitions, Partition):
        raise refuse(
            "partitions is one partition", "give a tuple: partitions=(esp(),)", code="text-for-list"
        )
    record(
        ImageShell(
            disk=disk, script=checked_script(script), partitions=tuple(partitions), table=table
        )
    )
