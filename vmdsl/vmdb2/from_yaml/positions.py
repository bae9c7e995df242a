"""Sizes as qemu-img takes them, and places as parted does: where a partition really is."""

from __future__ import annotations

import re
from fractions import Fraction

from vmdsl.values import MiB, Percent, Size, position, sectors

_DECIMAL = {"": 10**6, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_ROUNDED = re.compile(r"-?\d+\.?\d*\s*(?P<unit>[kmgt]?)(?P<b>b?)", re.IGNORECASE | re.ASCII)
#: Only behind these, written just so, an end is where the next partition may begin.
_EXCLUSIVE = ("kiB", "MiB", "GiB", "TiB")
_MIB = 2**20
_IMAGE = re.compile(r"\s*\+?(\d+\.?\d*[kmgt]|\d+b?)", re.IGNORECASE | re.ASCII)
_SECTOR = 512


def image_size(text: str) -> Size:
    """How large qemu-img makes an image: in whole sectors. Raises ValueError with a sentence."""
    found = _IMAGE.fullmatch(text)
    if found is None:
        Size.parse(text)
        raise ValueError(f"{text!r} is no size that qemu-img takes")
    size = Size.parse(re.sub(r"\.(?!\d)", "", found[1]))
    return Size(-(-size.bytes // _SECTOR) * _SECTOR)


def parted_position(text: str, *, is_end: bool) -> Size | Percent:
    """Where parted puts what is asked for with `text`. Raises ValueError with a sentence.

    A place in MB, GB and the like is moved to the nearest whole MiB that is less than half a unit
    away. Any other end is in the last sector of the partition, unless its unit is MiB or the like.
    """
    place, text = position(text), text.strip()
    if isinstance(place, Percent):
        return place
    rounded = _ROUNDED.fullmatch(text)
    if rounded and (rounded["unit"] or not rounded["b"]):  # B alone is exact
        nearest = round(Fraction(place.bytes, _MIB)) * _MIB
        if abs(nearest - place.bytes) * 2 <= _DECIMAL[rounded["unit"].lower()] and nearest:
            return MiB(nearest // _MIB)
    if not is_end or text.endswith(_EXCLUSIVE):
        return place
    end = place + sectors(1)
    return Percent(100) if place.bytes < 0 and end.bytes == 0 else end
