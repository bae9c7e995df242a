"""Partitions of a specification are where parted puts them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from vmdsl.vmdb2.load import load_specification

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("parted") is None, reason="parted is not installed"),
]
_SPEC = """
steps:
- {{mkimg: pc.img, size: 2G}}
- {{mklabel: {table}, device: pc.img}}
- {{mkpart: primary, device: pc.img, start: "{start}", end: "{end}", tag: a}}
- {{mkfs: ext4, partition: a}}
"""


@pytest.mark.parametrize("table", ["gpt", "msdos"])
@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("0%", "100%"),
        ("1MiB", "100%"),
        ("1M", "100%"),
        ("0%", "512M"),
        ("0%", "512MB"),
        ("0%", "512"),
        ("1", "512"),
        ("100MB", "1GB"),
        ("100M", "1.5G"),
        ("4MiB", "300MiB"),
        ("4MiB", "1GiB"),
        ("4MiB", "300mib"),
        ("4MiB", "300Mi"),
        ("2048s", "206847s"),
        ("4096s", "100MB"),
        ("1048576B", "104857599B"),
        ("25%", "75%"),
        ("33%", "66%"),
        ("12%", "500MB"),
        ("1MiB", "-100MiB"),
        ("1MiB", "-100M"),
        ("1MiB", "-1G"),
        ("1MiB", "-100KiB"),
        ("1MiB", "-34s"),
        ("1MiB", "-2048s"),
        ("10.5MiB", "200.5MiB"),
        ("8192KiB", "1048576KiB"),
        ("8192kiB", "1048576kiB"),
        ("3000kB", "700000kB"),
        ("3000kB", "716800k"),
        ("64s", "512MiB"),
        ("63s", "1000000s"),
        ("999MB", "1001MB"),
    ],
)
def test_a_partition_is_where_parted_puts_it(
    table: str, start: str, end: str, tmp_path: Path
) -> None:
    there = by_parted(tmp_path / "pc.img", table, start, end)
    text = _SPEC.format(table=table, start=start, end=end)
    loaded = load_specification(text, tmp_path / "pc.vmdb", directory=tmp_path, variables={})
    (here,) = loaded.plan({}).layout.partitions
    assert (here.start // 512, here.end // 512 - 1) == there


def test_the_last_sector_of_all(tmp_path: Path) -> None:
    there = by_parted(tmp_path / "pc.img", "msdos", "1MiB", "-1s")
    text = _SPEC.format(table="msdos", start="1MiB", end="-1s")
    loaded = load_specification(text, tmp_path / "pc.vmdb", directory=tmp_path, variables={})
    (here,) = loaded.plan({}).layout.partitions
    assert here.end // 512 - 1 == there[1] == 2**22 - 1


@pytest.mark.parametrize("table", ["gpt", "msdos"])
@pytest.mark.parametrize(
    "places",
    [
        (("0%", "32M"), ("32M", "100%")),
        (("0%", "54M"), ("54M", "76M"), ("76M", "97M"), ("97M", "-97M")),
        (("500M", "100%"), ("0%", "500M")),
        (("1MiB", "25%"), ("25%", "777M"), ("777M", "100%")),
    ],
)
def test_partitions_share_no_sector_where_parted_moves_them(
    table: str, places: tuple[tuple[str, str], ...], tmp_path: Path
) -> None:
    parts = "\n".join(
        f'- {{mkpart: primary, device: pc.img, start: "{start}", end: "{end}", tag: p{number}}}'
        for number, (start, end) in enumerate(places)
    )
    text = f"steps:\n- {{mkimg: pc.img, size: 2G}}\n- {{mklabel: {table}, device: pc.img}}\n{parts}"
    loaded = load_specification(text, tmp_path / "pc.vmdb", directory=tmp_path, variables={})
    here = [(p.start // 512, p.end // 512 - 1) for p in loaded.plan({}).layout.partitions]
    assert sorted(here) == all_by_parted(tmp_path / "pc.img", table, *places)


def by_parted(image: Path, table: str, start: str, end: str) -> tuple[int, int]:
    """The first and the last sector of the partition that parted makes."""
    (found,) = all_by_parted(image, table, (start, end))
    return found


def all_by_parted(image: Path, table: str, *places: tuple[str, str]) -> list[tuple[int, int]]:
    """The first and the last sector of each partition that parted makes."""
    with image.open("wb") as file:
        file.truncate(2 * 2**30)
    mkparts = [["--", "mkpart", "primary", "ext2", *place] for place in places]
    for arguments in (["mklabel", table], *mkparts):
        subprocess.run(["parted", "-s", image, *arguments], check=True, capture_output=True)
    printed = subprocess.run(
        ["parted", "-m", image, "unit", "s", "print"], check=True, capture_output=True, text=True
    ).stdout
    fields = [line.split(":") for line in printed.splitlines()[2:]]
    return sorted((int(first.rstrip("s")), int(last.rstrip("s"))) for _, first, last, *_ in fields)
