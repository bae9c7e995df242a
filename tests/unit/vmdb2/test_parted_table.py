"""Partitions are where parted put them: parted.txt has what it did, on images of many sizes."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmdsl.vmdb2.from_yaml.parted import PartedDisk
from vmdsl.vmdb2.load import load_specification

#: Three texts a partition: start, end, and the sectors that parted made.
Made = list[tuple[str, str, str]]


def recorded() -> list[tuple[str, int, Made]]:
    lines = Path(__file__).with_name("parted.txt").read_text("utf-8").splitlines()[1:]
    found = []
    for line in lines:
        table, size, *fields = line.split()
        partitions = list(zip(fields[::3], fields[1::3], fields[2::3], strict=True))
        found.append((table, int(size), partitions))
    return found


def test_sectors_are_those_of_parted() -> None:
    for table, size, partitions in recorded():
        disk = PartedDisk(size=size, is_gpt=table == "gpt")
        for start, end, sectors in partitions:
            made = disk.add(start, end)
            said = f"{made.first}-{made.last}" if made else "refused"
            assert said == sectors, (table, size, partitions)


def test_plans_have_these_sectors(tmp_path: Path) -> None:
    wanted = [line for line in recorded() if all(s != "refused" for *_, s in line[2])]
    assert len(wanted) > 150
    for table, size, partitions in wanted:
        assert planned(tmp_path, table, size, partitions) == [s for *_, s in partitions], partitions


def planned(directory: Path, table: str, size: int, partitions: Made) -> list[str]:
    lines = [
        "steps:",
        f'- {{mkimg: pc.img, size: "{size}"}}',
        f"- {{mklabel: {table}, device: pc.img}}",
    ]
    lines += [
        f'- {{mkpart: primary, device: pc.img, start: "{start}", end: "{end}", tag: p{number}}}'
        for number, (start, end, _) in enumerate(partitions)
    ]
    file = directory / "pc.vmdb"
    loaded = load_specification("\n".join(lines), file, directory=directory, variables={})
    layout = loaded.plan({}).layout
    return [f"{p.start // 512}-{p.end // 512 - 1}" for p in layout.partitions]


@pytest.mark.parametrize("table", ["gpt", "msdos"])
@pytest.mark.parametrize("place", ["32M", "54M", "76M", "97M"])
def test_the_next_partition_begins_behind_an_end_that_is_no_whole_mib(
    tmp_path: Path, table: str, place: str
) -> None:
    first, second = planned(tmp_path, table, 2**31, [("0%", place, ""), (place, "100%", "")])
    assert int(second.split("-")[0]) == int(first.split("-")[1]) + 1
