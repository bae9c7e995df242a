"""The size that a system has at least, by its suite and variant.

On amd64 in November 2026 this is the sum of Installed-Size of what apt installs for it, less three
tenths. Trees that were made then, without apt's index, are larger: bookworm's minbase has 114 MiB,
and important has 189; trixie's important has 190.
"""

from __future__ import annotations

from collections.abc import Mapping

_VARIANTS = ("minbase", "buildd", "important", "standard")
#: In MiB, in the order above.
_SIZES: Mapping[str, tuple[int, int, int, int]] = {
    "bullseye": (80, 260, 120, 240),
    "bookworm": (100, 290, 160, 250),
    "trixie": (80, 300, 150, 240),
    "forky": (80, 320, 150, 280),
    "sid": (80, 320, 150, 280),
}


def least_size(suite: str, variant: str) -> int:
    """Return a size in bytes that a system exceeds; 0 for suites that were not measured."""
    sizes = _SIZES.get(suite)
    return sizes[_VARIANTS.index(variant)] * 2**20 if sizes else 0
