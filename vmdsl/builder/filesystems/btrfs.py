"""Btrfs: made empty by mkfs.btrfs, and written here with its subvolumes.

mkfs.btrfs chooses numbers and UUIDs by chance, and that of Debian 12 makes no subvolumes. So only
its superblock is taken, which has all that it was asked for.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from uuid import UUID, uuid5

from vmdsl.builder.filesystems.btrfs_disk import DATA, METADATA, Disk, Form, NoRoomError, Space
from vmdsl.builder.filesystems.btrfs_files import (
    INLINE,
    TOP,
    Data,
    UnfitError,
    Volume,
    packed_size,
)
from vmdsl.builder.filesystems.btrfs_trees import FILES, LEAST_SPARE, Place, Writer
from vmdsl.builder.filesystems.compression import Compressor, compressor
from vmdsl.builder.filesystems.contents import File, folder, read
from vmdsl.builder.filesystems.kinds import Kind, Need, Room
from vmdsl.builder.filesystems.target import Target
from vmdsl.errors import BuildError, Hint, code
from vmdsl.language.handles import Subvolume
from vmdsl.language.operation import problem_in, shown_name

_BLOCK = 4096
#: The least that the trees have for a file, and for a name; and the most that they have for none.
_INODE, _NAME, _OF_EMPTY = 160 + 25, 10 + 25 + 2 * (30 + 25), 2**20


def make_btrfs(target: Target, content: Path | None) -> Room:
    """Make the filesystem with the content of a directory, or empty."""
    made = target.filesystem
    form = _form(target)
    try:
        space = Space(target.size, form)
        seed = UUID(made.hash_seed)
        ids = [uuid5(seed, name).bytes for name in ("device", "chunks")]
        disk = Disk(target.image, target.offset, space, ids)
        _write(target, disk, content, seed)
    except NoRoomError:
        raise target.full() from None
    except UnfitError as error:
        raise BuildError(
            problem_in(made.filesystem, str(error), code="filesystem-content")
        ) from None
    copies = space.copies(METADATA)
    trees = space.chunks[-1]
    spare = max(trees.length - trees.used - LEAST_SPARE, 0) * copies
    return Room(
        block=_BLOCK,
        free=(space.unallocated + spare) // space.copies(DATA),
        available=space.unallocated // space.copies(DATA),
        inline=INLINE,
        copies=copies,
        compression=made.compression,
    )


def _form(target: Target) -> Form:
    """Return the properties of the filesystem that mkfs.btrfs makes."""
    file = format_btrfs(target)
    with file.open("rb") as stream:
        try:
            form = Form(stream.fileno())
        except ValueError as error:
            hint = Hint("remove the ", code("", options=None), " that ask for it")
            filesystem = target.filesystem.filesystem
            raise BuildError(
                problem_in(filesystem, str(error), hint, code="filesystem-content")
            ) from None
    file.unlink()
    return form


def format_btrfs(target: Target) -> Path:
    """Make the filesystem, empty, in a file of its own."""
    wanted = target.filesystem.filesystem
    file = target.blank_file()
    target.run(
        "mkfs.btrfs",
        "-q",
        "-f",
        "-U",
        target.filesystem.uuid,
        *(["-L", wanted.label] if wanted.label else []),
        *wanted.options,
        str(file),
    )
    return file


def _write(target: Target, disk: Disk, content: Path | None, seed: UUID) -> None:
    """Write the files and all trees."""
    epoch, subvolumes = target.tree.epoch, target.filesystem.subvolumes
    parts = _parts(content, subvolumes, epoch)
    numbers = {part: TOP + i - 1 if i else FILES for i, part in enumerate(parts)}
    files = {part: list(_files(part, numbers)) for part in parts}
    every = [file for part in parts for file in files[part]]
    expected = _data_size(every, disk.form.sector, INLINE)
    chosen = _compressor(target)
    data = Data(disk=disk, expected=expected, compressor=chosen)
    volumes, places = [], {}
    for part, number in numbers.items():
        volume = Volume(data, number, epoch)
        below = {other: n for other, n in numbers.items() if other is not part}
        for other, (folder_number, index, name) in volume.add(files[part], below).items():
            places[other] = Place(parent=number, folder=folder_number, index=index, name=name)
        volumes.append(volume)
    paths = ["", *(str(one.full_path) for one in subvolumes)]
    uuids = {v.number: uuid5(seed, path).bytes for v, path in zip(volumes, paths, strict=True)}
    default = next((TOP + i for i, one in enumerate(subvolumes) if one.default), FILES)
    Writer(disk, data, epoch).write(volumes, uuids, places, default)


def _compressor(target: Target) -> Compressor | None:
    """Return how the files are compressed, if they are."""
    try:
        return compressor(target.filesystem.compression)
    except OSError as error:
        what = f"its files cannot be compressed: {error}"
        filesystem = target.filesystem.filesystem
        raise BuildError(
            problem_in(filesystem, what, "install libzstd1 and zlib1g", code="filesystem-tool")
        ) from None


def _parts(content: Path | None, subvolumes: Sequence[Subvolume], epoch: int) -> list[File]:
    """Return the top directories: that of the filesystem, and that of each subvolume.

    Each subvolume is put in its place. If it is not mounted, it gets the directory that is there.
    """
    if not subvolumes:
        return [read(content)[0] if content is not None else folder(epoch)]
    tops: dict[int, File] = {}
    for number in range(len(subvolumes) + 1):
        if content is not None and (content / str(number)).is_dir():
            tops[number] = read(content / str(number))[0]
    made = {0: tops.get(0) or folder(epoch)}
    by_subvolume = {id(one): number for number, one in enumerate(subvolumes, 1)}
    for number, one in enumerate(subvolumes, 1):
        holder = made[by_subvolume.get(id(one.within), 0)]
        *above, name = one.path.split("/")
        for part in above:
            holder = _enter(holder, part, one, epoch)
        mounted = tops.get(number)
        made[number] = _enter(holder, name, one, epoch)
        if mounted is not None:
            if made[number].entries:
                what = f"{shown_name(one)} is mounted elsewhere than at the files in its place"
                hint = "mount it there, or make it beside the subvolume that it is in"
                raise BuildError(problem_in(one, what, hint, code="subvolume"))
            holder.entries[name] = made[number] = mounted
    return list(made.values())


def _enter(holder: File, name: str, subvolume: Subvolume, epoch: int) -> File:
    """Return a directory in another one, which is made if it isn't there."""
    entry = holder.entries.get(name)
    if entry is None:
        entry = folder(epoch)
        entry.names.append(f"{holder.names[0]}/{name}" if holder.names else name)
        entries = {**holder.entries, name: entry}
        holder.entries.clear()
        holder.entries.update(sorted(entries.items(), key=lambda one: os.fsencode(one[0])))
    if not entry.is_directory:
        what = f"{entry.shown} is not a directory, which the subvolume {subvolume.full_path} needs"
        raise BuildError(problem_in(subvolume, what, "remove it", code="subvolume"))
    return entry


def _files(top: File, tops: Collection[File]) -> Iterator[File]:
    """Yield a directory and the files below it, but not those of other subvolumes."""
    seen, pending = set[File](), [top]
    while pending:
        file = pending.pop()
        if file not in seen:
            seen.add(file)
            yield file
            pending += [one for one in reversed(file.entries.values()) if one not in tops]


def need_btrfs(files: Sequence[File], room: Room) -> Need:
    """Return the least that content takes: the data of files, and the items of full trees."""
    chosen = compressor(room.compression)
    if chosen is None:
        data = _data_size(files, room.block, room.inline)
    else:
        large = [file for file in files if file.is_regular and file.size > room.inline]
        data = sum(packed_size(file, chosen, room.block) for file in large)
    names = [os.fsencode(name) for file in files for name in file.entries]
    items = _INODE * len(files) + sum(_NAME + 3 * len(name) for name in names)
    trees = max(items - _OF_EMPTY, 0) * max(room.copies, 1)
    return Need(bytes=data + trees, files=len(files))


def _data_size(files: Sequence[File], block: int, inline: int) -> int:
    blocks = sum(file.blocks(block) for file in files if file.is_regular and file.size > inline)
    return blocks * block


KIND = Kind(make=make_btrfs, need=need_btrfs)
