"""Filesystems of an image that is there, and their files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from vmdsl.errors import BuildError, Hint, LocalFile, Problem, code
from vmdsl.existing.ext import ExtFiles, ExtShape
from vmdsl.existing.fat import FatFiles
from vmdsl.existing.files import Files, find, unpack
from vmdsl.existing.kinds import EXT, FAT, kind_of
from vmdsl.existing.source import PartSource, Source, UnreadableImageError, opened
from vmdsl.existing.tables import FoundTable, read_table
from vmdsl.language.effects import Tree, TreeOperation
from vmdsl.language.handles import (
    Disk,
    Mountable,
    Mounted,
    Partition,
    image_of,
)
from vmdsl.language.operation import (
    Operation,
    Refused,
    here,
    operation,
    record,
    recorded,
    recorder_for,
    refuse,
    shown_name,
    warn,
)
from vmdsl.operations.disk.ext import Ext, Ext2, Ext3, Ext4
from vmdsl.operations.disk.fat import Vfat, fat_bits
from vmdsl.operations.disk.mkfs import record_filesystem
from vmdsl.similar import similar_file

_F = TypeVar("_F", bound=Mountable)

#: The file of SYSLINUX and EXTLINUX, and where it may be.
_SYSLINUX = "ldlinux.sys"
_OF_SYSLINUX = ("", "/boot", "/boot/extlinux", "/boot/syslinux", "/extlinux", "/syslinux")
_READABLE = "ext2, ext3, ext4 and vfat can be"
_LEAST_BLOCK, _MOST_BLOCK = 1024, 4096
_USUAL_RESERVED, _USUAL_RATIO = 5.0, 16384
#: How far from the usual a setting of ext is taken over.
_LITTLE = 0.1
_RATIOS = (1024, 64 * 2**20)
#: Features of a new ext4 that are left out if the image's has not got them.
_FEATURES = ("has_journal", "extent", "flex_bg", "64bit", "huge_file", "metadata_csum")


@operation
class ExistingFiles(TreeOperation):
    """The files of a filesystem of an existing image, at the place where it is mounted."""

    reads_layout = False
    in_system = False
    installs_anything = False
    fills_tree = True

    image: Path
    number: int
    path: PurePosixPath

    def summary(self) -> str:
        return f"take the files of partition {self.number} of {self.image}, at {self.path}"

    def local_files(self) -> tuple[Path, ...]:
        return (self.image,)

    def check_plan(self, operations: Sequence[Operation], *, complete: bool) -> Iterator[Problem]:
        """Report a change of the tree before, which may have been meant for these files."""
        del complete
        for other in operations[: operations.index(self)]:
            if isinstance(other, TreeOperation) and other.changes_tree and not other.fills_tree:
                yield self.problem(
                    f"it is mounted after {shown_name(other)} ({other.origin.where}) has changed "
                    "the system",
                    "move this step above it",
                    code="tree-order",
                )
                return

    def apply(self, tree: Tree) -> None:
        unpack_partition(tree, self.image, self.number, str(self.path))


def unpack_partition(tree: Tree, image: Path, number: int, path: str) -> int:
    """Unpack the files of a partition of an image into the tree. Return the newest time in them.

    Raises BuildError.
    """
    with reading(tree.recipe_directory / image) as source:
        try:
            files = files_of(_part(source, read_table(source), number))
            return tree.inside(partial(unpack, files, path))
        except UnreadableImageError as error:
            what = f"partition {number} of {image}: {error.what}"
            raise BuildError(Problem(what=what, hint=error.hint, code="existing-image")) from None


@contextmanager
def reading(path: Path) -> Iterator[Source]:
    """Open an image in a build. Raises BuildError."""
    try:
        with opened(path) as source:
            yield source
    except UnreadableImageError as error:
        raise BuildError(Problem(what=error.what, hint=error.hint, code="existing-image")) from None


def _part(source: Source, table: FoundTable, number: int) -> PartSource:
    found = next((one for one in table.partitions if one.number == number), None)
    if found is None:
        raise UnreadableImageError(f"it has no partition {number}")
    return found.of(source)


def files_of(part: Source) -> Files:
    """Return the files of a filesystem. Raises UnreadableImageError."""
    kind = kind_of(part)
    if kind == EXT:
        return ExtFiles(part)
    if kind == FAT:
        return FatFiles(part)
    what = f"it holds {kind}, which cannot be read" if kind else "it holds nothing that is known"
    raise UnreadableImageError(what, _READABLE)


@contextmanager
def image_in_recipe(image: Path, *, about: str) -> Iterator[tuple[Source, FoundTable]]:
    """Open the image that a recipe names, and read its table; refuse what cannot be read."""
    path = here().directory / image
    try:
        with opened(path) as source:
            yield source, read_table(source)
    except UnreadableImageError as error:
        raise refuse(
            f"{image}: {error.what}", error.hint, about=about, code="existing-image"
        ) from None
    except OSError as error:
        close = similar_file(path, is_right=Path.is_file)
        hint = f"did you mean {image.with_name(close.name)}?" if close else ""
        what = f"{image} cannot be read: {error.strerror}"
        if isinstance(error, FileNotFoundError):
            what = f"there is no file {image}"
        recorder_for("an operation is called").problem(
            what, hint, about=about, code="local-file", kind=LocalFile
        )
        raise Refused(what) from None


def existing_filesystem(disk: Disk, number: int, kind: type[_F]) -> _F:
    """Take a filesystem of the image that a disk starts from, with its files.

    `number` is that of its partition, as `fdisk -l` lists them, and `kind` the class of its handle,
    such as `Ext4`: ext2, ext3, ext4 and vfat can be read. The filesystem is made anew, with the
    same UUID, label and settings. Partitions that no step takes are copied as they are.
    """
    wanted: object = kind
    if not (isinstance(wanted, type) and issubclass(wanted, Mountable)):
        raise refuse(
            f"{kind!r} is not a class of filesystems",
            "give one without quotes, such as Ext4",
            about="kind",
            code="wrong-type",
        )
    image = disk.from_image
    if image is None:
        raise refuse(
            f"{shown_name(disk)} does not start from an image",
            Hint("name one: ", code("mkimg", from_image=None)),
            about="disk",
            code="existing-image",
        )
    there = [o for o in recorded() if isinstance(o, Partition) and o.table.disk is disk]
    there = [one for one in there if one.number is not None]
    partition = next((one for one in there if one.number == number), None)
    if partition is None:
        raise refuse(
            f"{image} has no partition {number}",
            f"there are {', '.join(str(one.number) for one in there)}",
            about="number",
            code="existing-image",
        )
    with image_in_recipe(image, about="number") as (source, table):
        part = _part(source, table, number)
        try:
            files = files_of(part)
        except UnreadableImageError as error:
            hint = error.hint or "leave it out: it is copied as it is"
            raise refuse(
                f"partition {number} of {image}: {error.what}",
                f"{hint}; a partition that no step takes is copied as it is",
                about="number",
                code="existing-image",
            ) from None
        made = _like(files, partition, part.size)
        if any(find(files, f"{folder}/{_SYSLINUX}") for folder in _OF_SYSLINUX):
            warn(
                f"partition {number} of {image} has SYSLINUX or EXTLINUX, which starts by the "
                "numbers of sectors",
                "it will not start: leave this partition out, or install another boot loader",
                about="number",
                code="existing-image",
            )
    if not isinstance(made, kind):
        found = type(made).__name__
        raise refuse(
            f"partition {number} of {image} holds {found.lower()}, not {kind.__name__.lower()}",
            f"give {found}",
            about="kind",
            code="existing-image",
        )
    return record_filesystem(made)


def _like(files: Files, partition: Partition, size: int) -> Mountable:
    """Return a filesystem like one that exists, which is on a partition of `size` bytes."""
    if isinstance(files, ExtFiles):
        return _ext(partition, files.shape)
    assert isinstance(files, FatFiles)  # noqa: S101 (there is no other kind)
    shape = files.shape
    is_usual = shape.bits == fat_bits(size, partition.table.disk.sector)
    return Vfat(
        device=partition,
        label=shape.label,
        uuid=shape.uuid,
        fat=None if is_usual else shape.bits,
    )


def _ext(partition: Partition, shape: ExtShape) -> Ext:
    """Return a filesystem of ext with the settings of one that exists."""
    if not _LEAST_BLOCK <= shape.block <= _MOST_BLOCK:
        raise UnreadableImageError(f"it has blocks of {shape.block} bytes")
    made = {"ext2": Ext2, "ext3": Ext3, "ext4": Ext4}[shape.kind](
        device=partition, label=shape.label, uuid=shape.uuid
    )
    ratio = shape.size // max(shape.inodes, 1)
    is_usual = abs(ratio / _USUAL_RATIO - 1) < _LITTLE
    missing = [f"^{name}" for name in _FEATURES if name not in shape.features]
    reserved = round(shape.reserved, 1)
    return replace(
        made,
        features=tuple(missing) if shape.kind == "ext4" else (),
        reserved=None if abs(shape.reserved - _USUAL_RESERVED) < _LITTLE else reserved,
        block_size=None if shape.block == _MOST_BLOCK else shape.block,
        inode_size=None if shape.inode == 256 else shape.inode,  # noqa: PLR2004 (mke2fs's own)
        bytes_per_inode=None if is_usual else min(max(ratio, _RATIOS[0]), _RATIOS[1]),
    )


def take_files(mounted: Mounted[Any], on: object) -> None:
    """Record that the files of a filesystem that exists are where it is mounted.

    `on` is the tree that it is mounted in. The root's own are taken by existing_system().
    """
    found = image_of(mounted.filesystem)
    if found is not None and mounted.on is not None:
        image, number = found
        record(ExistingFiles(root=on, image=image, number=number, path=mounted.path))
