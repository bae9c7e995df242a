"""Space and trees of Btrfs, and its names and compressed data, without a filesystem."""

from __future__ import annotations

import zlib

import pytest

from vmdsl.builder.filesystems.btrfs_disk import SUPERS, Chunk, Tree
from vmdsl.builder.filesystems.btrfs_files import name_hash
from vmdsl.builder.filesystems.compression import compressor

KIB, MIB = 2**10, 2**20


def chunk(*places: int, length: int = MIB) -> Chunk:
    start = 100 * MIB
    return Chunk(logical=start, length=length, flags=1, places=[*places], cursor=start)


def test_space_is_given_out_in_order() -> None:
    one = chunk(2 * MIB)
    assert one.take(10 * KIB, 4 * KIB) == (100 * MIB, 8 * KIB)
    assert one.take(16 * KIB, 16 * KIB) == (100 * MIB + 8 * KIB, 16 * KIB)
    assert one.take(2 * MIB, 4 * KIB) == (100 * MIB + 24 * KIB, 1000 * KIB)
    assert one.take(4 * KIB, 4 * KIB) is None
    assert (one.used, list(one.free())) == (MIB, [])


@pytest.mark.parametrize("places", [(64 * MIB - 32 * KIB,), (2 * MIB, 64 * MIB - 32 * KIB)])
def test_superblocks_are_left_alone(places: tuple[int, ...]) -> None:
    """Wherever one of the copies of a chunk has one: there is one at 64 MiB."""
    assert 64 * MIB in SUPERS
    one = chunk(*places)
    assert one.take(MIB, 4 * KIB) == (100 * MIB, 32 * KIB)
    assert one.take(16 * KIB, 16 * KIB) == (100 * MIB + 96 * KIB, 16 * KIB)
    assert list(one.free()) == [
        (100 * MIB + 32 * KIB, 64 * KIB),
        (100 * MIB + 112 * KIB, MIB - 112 * KIB),
    ]
    other = chunk(*places)
    assert other.take(48 * KIB, 48 * KIB) == (100 * MIB + 96 * KIB, 48 * KIB)


def test_leaves_of_a_tree_are_full() -> None:
    items = [((number, 1, 0), bytes(75)) for number in range(1000)]
    tree = Tree(5, items, 4096)
    leaves = [block for block in tree.blocks if not block.level]
    assert [len(leaf.items) for leaf in leaves] == [39] * 25 + [25]
    assert (tree.root.level, tree.root.key, len(tree.root.below)) == (1, (0, 1, 0), 26)
    assert [block.key[0] for block in tree.root.below] == list(range(0, 1000, 39))
    assert len(Tree(7, (), 4096).blocks) == 1


def test_names_are_found_by_their_numbers() -> None:
    """The number of this one is in every Btrfs, as dump-tree shows."""
    assert name_hash(b"default") == 2378154706


def test_compression_is_that_of_the_mount() -> None:
    data = b"data" * 5000
    chosen = compressor("zlib:12")
    assert chosen is not None
    assert zlib.decompress(chosen.compress(data)) == data
    assert chosen.compress(data) == zlib.compress(data, 9)
    assert compressor("lzo") is compressor("") is None
