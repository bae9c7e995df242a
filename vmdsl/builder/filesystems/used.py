"""Which bytes of a filesystem mean something: those of blocks that are not free."""

from __future__ import annotations

from collections.abc import Iterable


def used_bytes(free: Iterable[tuple[int, int]], *, block: int, count: int) -> list[tuple[int, int]]:
    """Return the ranges of bytes that are in use. `block` is the size of the `count` blocks.

    Each of `free` is the first of some free blocks, and how many they are.
    """
    found, start = [], 0
    for first, blocks in sorted(free):
        if start < first:
            found.append((start * block, first * block))
        start = max(start, first + blocks)
    if start < count:
        found.append((start * block, count * block))
    return found
