"""Places on a disk as parted takes them: where a partition really starts and ends."""

from __future__ import annotations

import re
from fractions import Fraction

from vmdsl.values import MiB, Percent, Size, position, sectors

_DECIMAL = {"": 10**6, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_ROUNDED = re.compile(r"-?\d+\.?\d*\s*(?P<unit>[kmgt]?)b?", re.IGNORECASE | re.ASCII)
_INCLUSIVE = re.compile(r"-?\d+\s*(s|b)", re.IGNORECASE | re.ASCII)
_MIB = 2**20


def parted_position(text: str, *, is_end: bool) -> Size | Percent:
    """Where parted puts what is asked for with `text`. Raises ValueError with a sentence.

    A place in MB, GB and the like is moved to the nearest whole MiB that is less than half a unit
    away. An end in sectors or bytes is the last one of the partition.
    """
    place = position(text)
    if isinstance(place, Percent):
        return place
    if is_end and _INCLUSIVE.fullmatch(text.strip()) and place.bytes >= 0:
        return place + sectors(1)
    if rounded := _ROUNDED.fullmatch(text.strip()):
        unit = rounded["unit"].lower()
        if text.strip().lower().endswith("b") and not unit:
            return place  # in bytes
        nearest = round(Fraction(place.bytes, _MIB)) * _MIB
        if abs(nearest - place.bytes) * 2 <= _DECIMAL[unit] and nearest:
            return MiB(nearest // _MIB)
    return place
