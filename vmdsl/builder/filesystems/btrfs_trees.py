"""The trees of a Btrfs that lead to its files and its space: written when all files are."""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from vmdsl.builder.filesystems.btrfs_disk import (
    CHUNK_ITEM,
    FREE_SPACE_TREE,
    METADATA,
    Chunk,
    Disk,
    Item,
    NoRoomError,
    Tree,
)
from vmdsl.builder.filesystems.btrfs_files import ROOT_ITEM, TOP, Data, Volume, entry, name_hash

FILES = 5
_ROOT, _EXTENTS, _CHUNKS, _DEVICES, _FOLDER, _SUMS, _UUIDS, _FREE = 1, 2, 3, 4, 6, 7, 9, 10
_RELOCATION = 2**64 - 9
_INODE, _REFERENCE, _ENTRY = 1, 12, 84
_ROOT_BACK, _ROOT_FORWARD, _UUID = 144, 156, 251
_EXTENT_ITEM, _BLOCK_ITEM, _GROUP_ITEM, _DEVICE_EXTENT, _DEVICE = 168, 169, 192, 204, 216
_FREE_INFO, _FREE_EXTENT = 198, 199
_ROOT_INODE = 1 << 31
_DOTS = struct.pack("<QH", 0, 2) + b".."
_MIB = 2**20
#: What a chunk of trees has for those of the running system, and the least of that.
_SPARE, LEAST_SPARE = 24 * _MIB, 8 * _MIB


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a subvolume is: the one that holds it, its directory there, and its entry in that."""

    parent: int
    folder: int
    index: int
    name: bytes


class Writer:
    """Writes all trees, of whose blocks the number is known first, and the places then."""

    def __init__(self, disk: Disk, data: Data, epoch: int) -> None:
        self._disk, self._data = disk, data
        self._form, self._space = disk.form, disk.space
        self._epoch = struct.pack("<QI", epoch, 0)

    def write(
        self,
        volumes: Sequence[Volume],
        uuids: Mapping[int, bytes],
        places: Mapping[int, Place],
        default: int,
    ) -> None:
        """Write the trees of all subvolumes, with a UUID each, and all others.

        `places` has all but the top level; `default` is the number of the one that is mounted
        unless another is asked for. Raises NoRoomError.
        """
        node = self._form.node
        self._data.finish()
        fixed = [Tree(one.number, one.items, node) for one in volumes]
        top = [((TOP, _INODE, 0), self._folder()), ((TOP, _REFERENCE, TOP), _DOTS)]
        fixed += [
            Tree(_RELOCATION, top, node),
            Tree(_SUMS, self._data.sum_items(), node),
            Tree(_UUIDS, sorted(_uuid_items(uuids)), node),
        ]
        trees = self._settle(fixed, uuids, places, default)
        (chunks,) = [tree for tree in trees if tree.number == _CHUNKS]
        (root,) = [tree for tree in trees if tree.number == _ROOT]
        for tree in trees:
            self._disk.write_tree(tree)
        feature = self._data.compressor.feature if self._data.compressor else 0
        self._disk.write_supers(root.root, chunks.root, default=default != FILES, features=feature)

    def _settle(
        self,
        fixed: Sequence[Tree],
        uuids: Mapping[int, bytes],
        places: Mapping[int, Place],
        default: int,
    ) -> list[Tree]:
        """Return all trees, with their blocks at their places.

        The trees of extents and others list the blocks of all, and so their own: they are made
        again until they no longer change.
        """
        levels = {tree.number: [block.level for block in tree.blocks] for tree in fixed}
        system, *_ = self._space.chunks
        while True:
            total = sum(len(each) for number, each in levels.items() if number != _CHUNKS)
            chunk = self._space.add(METADATA, self._room_for(total * self._form.node))
            system.reset()
            at = {
                number: [self._take(system if number == _CHUNKS else chunk) for _ in each]
                for number, each in sorted(levels.items())
            }
            roots = {
                number: (at[number][-1], each[-1], len(each)) for number, each in levels.items()
            }
            made = {
                _EXTENTS: sorted(self._extents(at, levels)),
                _CHUNKS: list(self._chunks()),
                _DEVICES: sorted(self._device_extents()),
                _ROOT: sorted(self._roots(roots, uuids, places, default)),
            }
            if self._form.compatible & FREE_SPACE_TREE:
                made[_FREE] = list(self._free_space())
            trees = [*fixed, *(Tree(number, made[number], self._form.node) for number in made)]
            found = {tree.number: [block.level for block in tree.blocks] for tree in trees}
            if found == levels:
                for tree in trees:
                    for block, place in zip(tree.blocks, at[tree.number], strict=True):
                        block.place = place
                return trees
            levels = found
            self._space.drop(chunk)

    def _room_for(self, used: int) -> int:
        """Return the size of a chunk for trees, with space for those of the running system.

        Raises NoRoomError.
        """
        most = self._space.unallocated // self._space.copies(METADATA) // _MIB * _MIB
        size = min(-(-used * 5 // 4 // _MIB) * _MIB + _SPARE, most)
        if size < used + LEAST_SPARE:
            raise NoRoomError
        return size

    def _take(self, chunk: Chunk) -> int:
        found = chunk.take(self._form.node, self._form.node)
        if found is None:
            raise NoRoomError
        return found[0]

    def _extents(
        self, at: Mapping[int, Sequence[int]], levels: Mapping[int, Sequence[int]]
    ) -> Iterator[Item]:
        """Yield an item for each piece of data and each block of a tree, and whose it is."""
        generation = self._form.generation
        for one in self._data.extents:
            owner = struct.pack("<BQQQI", 178, one.volume, one.inode, one.offset, 1)
            head = struct.pack("<QQQ", 1, generation, 1)
            yield (one.place, _EXTENT_ITEM, one.size), head + owner
        for number, places in at.items():
            for place, level in zip(places, levels[number], strict=True):
                data = struct.pack("<QQQBQ", 1, generation, 2, 176, number)
                yield (place, _BLOCK_ITEM, level), data
        for chunk in self._space.chunks:
            data = struct.pack("<QQQ", chunk.used, TOP, chunk.flags)
            yield (chunk.logical, _GROUP_ITEM, chunk.length), data

    def _free_space(self) -> Iterator[Item]:
        for chunk in self._space.chunks:
            free = list(chunk.free())
            yield (chunk.logical, _FREE_INFO, chunk.length), struct.pack("<II", len(free), 0)
            for start, size in free:
                yield (start, _FREE_EXTENT, size), b""

    def _chunks(self) -> Iterator[Item]:
        yield (1, _DEVICE, 1), self._disk.device_item()
        for chunk in self._space.chunks:
            yield (TOP, CHUNK_ITEM, chunk.logical), self._disk.chunk_item(chunk)

    def _device_extents(self) -> Iterator[Item]:
        for chunk in self._space.chunks:
            head = struct.pack("<QQQQ", _CHUNKS, TOP, chunk.logical, chunk.length)
            for place in chunk.places:
                yield (1, _DEVICE_EXTENT, place), head + self._disk.chunk_tree

    def _roots(
        self,
        roots: Mapping[int, tuple[int, int, int]],
        uuids: Mapping[int, bytes],
        places: Mapping[int, Place],
        default: int,
    ) -> Iterator[Item]:
        """Yield the items of the tree of trees."""
        for number, root in roots.items():
            if number not in {_ROOT, _CHUNKS}:
                has_files = number in uuids or number == _RELOCATION
                uuid = uuids.get(number, bytes(16))
                yield (number, ROOT_ITEM, 0), self._root(root, has_files=has_files, uuid=uuid)
        for number, place in places.items():
            name = struct.pack("<QQH", place.folder, place.index, len(place.name)) + place.name
            yield (place.parent, _ROOT_FORWARD, number), name
            yield (number, _ROOT_BACK, place.parent), name
        yield (_FOLDER, _INODE, 0), self._folder()
        yield (_FOLDER, _REFERENCE, _FOLDER), _DOTS
        target = (default, ROOT_ITEM, 2**64 - 1)
        named = entry(target, 2, b"default", self._form.generation)
        yield (_FOLDER, _ENTRY, name_hash(b"default")), named

    def _root(self, root: tuple[int, int, int], *, has_files: bool, uuid: bytes) -> bytes:
        """Return what describes a tree, by the place and the level of its root."""
        place, level, blocks = root
        generation, node = self._form.generation, self._form.node
        transaction = generation if any(uuid) else 0
        time = self._epoch if any(uuid) else bytes(12)
        return b"".join(
            (
                self._folder(size=3, flags=_ROOT_INODE if any(uuid) else 0),
                struct.pack("<QQQQ", generation, TOP if has_files else 0, place, 0),
                struct.pack("<QQQI", blocks * node, 0, 0, 1),
                bytes(17 + 1),
                struct.pack("<BQ", level, generation),
                uuid + bytes(32),
                struct.pack("<QQQQ", transaction, transaction, 0, 0),
                time + time + bytes(24 + 64),
            )
        )

    def _folder(self, *, size: int = 0, flags: int = 0) -> bytes:
        """Return the inode of a directory that only Btrfs itself looks at."""
        generation = self._form.generation
        head = (generation, generation, size, self._form.node, 0, 1, 0, 0, stat.S_IFDIR | 0o755)
        return struct.pack("<QQQQQIIIIQQQ", *head, 0, flags, 0) + bytes(32) + self._epoch * 4


def _uuid_items(uuids: Mapping[int, bytes]) -> Iterator[Item]:
    for number, uuid in uuids.items():
        first, second = struct.unpack("<QQ", uuid)
        yield (first, _UUID, second), struct.pack("<Q", number)
