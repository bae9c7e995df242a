"""The size that a system has at least, by its suite and variant.

It is at most seven tenths of the files of a tree that mmdebstrap made for amd64 in November 2026,
without apt's index and archives: other architectures have smaller programs, and releases change.
In MiB, the trees had:

    bullseye  minbase 122, buildd 383, important 185, standard not measured
    bookworm  minbase 114, buildd 420, important 189, standard 388
    trixie    minbase 117, buildd 435, important 190, standard 362
"""

from __future__ import annotations

from collections.abc import Mapping

_VARIANTS = ("minbase", "buildd", "important", "standard")
#: In MiB, in the order above.
_SIZES: Mapping[str, tuple[int, int, int, int]] = {
    "bullseye": (80, 260, 120, 240),
    "bookworm": (80, 290, 130, 250),
    "trixie": (80, 300, 130, 250),
    "forky": (80, 300, 130, 250),
    "sid": (80, 300, 130, 250),
}


def least_size(suite: str, variant: str) -> int:
    """Return a size in bytes that a system exceeds; 0 for suites that were not measured."""
    sizes = _SIZES.get(suite)
    return sizes[_VARIANTS.index(variant)] * 2**20 if sizes else 0
