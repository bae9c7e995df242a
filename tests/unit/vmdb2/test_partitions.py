"""Places as parted takes them; tests/integration/test_parted.py asks parted itself."""

from __future__ import annotations

import pytest

from vmdsl.values import KiB, MiB, Percent, Size, sectors
from vmdsl.vmdb2.from_yaml.partitions import parted_position


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("0%", Percent(0), Percent(0)),
        ("50%", Percent(50), Percent(50)),
        ("8MiB", MiB(8), MiB(8)),
        ("1GiB", MiB(1024), MiB(1024)),
        ("8kiB", KiB(8), KiB(8)),
        # another way to write it, and parted takes the end for the last sector
        ("8KiB", KiB(8), KiB(8) + sectors(1)),
        ("8Mi", MiB(8), MiB(8) + sectors(1)),
        ("8mib", MiB(8), MiB(8) + sectors(1)),
        ("2048s", sectors(2048), sectors(2049)),
        ("1048576B", MiB(1), MiB(1) + sectors(1)),
        ("104857599B", sectors(204799), MiB(100)),
        # moved to a MiB that is near enough
        ("1", MiB(1), MiB(1)),
        ("1M", MiB(1), MiB(1)),
        ("1 MB", MiB(1), MiB(1)),
        ("512", MiB(488), MiB(488)),
        ("100M", MiB(95), MiB(95)),
        ("1.5G", MiB(1431), MiB(1431)),
        ("-100M", MiB(-95), MiB(-95)),
        # none is near enough
        ("3000kB", sectors(5859), sectors(5860)),
        ("716800k", sectors(1400000), sectors(1400001)),
        ("0", Size(0), sectors(1)),
        # from the end
        ("-100MiB", MiB(-100), MiB(-100)),
        ("-34s", sectors(-34), sectors(-33)),
        ("-1s", sectors(-1), Percent(100)),
    ],
)
def test_places(text: str, start: Size | Percent, end: Size | Percent) -> None:
    assert parted_position(text, is_end=False) == start
    assert parted_position(text, is_end=True) == end


@pytest.mark.parametrize("text", ["", "end", "5 parsecs", "1cyl", "0,1,2", "1e3", "0x10s", "½"])
def test_no_places(text: str) -> None:
    with pytest.raises(ValueError, match=r"place on a disk|cylinders"):
        parted_position(text, is_end=False)
