"""Partitions are where parted put them: parted.txt has what it did, on images of many sizes."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmdsl.errors import RecipeError
from vmdsl.vmdb2.from_yaml.parted import PartedDisk
from vmdsl.vmdb2.load import load_specification

#: Four texts a partition: kind, start, end, and the sectors that parted made.
Made = list[tuple[str, str, str, str]]


def recorded() -> list[tuple[str, int, Made]]:
    lines = Path(__file__).with_name("parted.txt").read_text("utf-8").splitlines()[1:]
    found = []
    for line in lines:
        table, size, *fields = line.split()
        if table == "+":  # the kinds are there
            table, made = "msdos", [fields[n : n + 4] for n in range(0, len(fields), 4)]
        else:
            made = [["primary", *fields[n : n + 3]] for n in range(0, len(fields), 3)]
        found.append((table, int(size), [(k, start, end, s) for k, start, end, s in made]))
    return found


def test_sectors_are_those_of_parted() -> None:
    for table, size, partitions in recorded():
        disk = PartedDisk(size=size, is_gpt=table == "gpt")
        for kind, start, end, sectors in partitions:
            made = disk.add(start, end, kind)
            said = f"{made.first}-{made.last}" if made else "refused"
            assert said == sectors, (table, size, partitions)


def test_plans_have_these_sectors(tmp_path: Path) -> None:
    wanted = [line for line in recorded() if all(s != "refused" for *_, s in line[2])]
    assert len(wanted) > 200
    for table, size, partitions in wanted:
        assert planned(tmp_path, table, size, partitions) == kept_apart(partitions), partitions


def kept_apart(partitions: Made) -> list[str]:
    """The sectors as vmdsl has them: with a MiB before each logical partition but the first."""
    found, behind = [], 0
    for kind, _, _, sectors in partitions:
        first, last = map(int, sectors.split("-"))
        if kind == "logical":
            first = first if first >= behind else -(-behind // 2048) * 2048
            behind = last + 1 + 2048
        found.append(f"{first}-{last}")
    return found


def planned(directory: Path, table: str, size: int, partitions: Made) -> list[str]:
    lines = [
        "steps:",
        f'- {{mkimg: pc.img, size: "{size}"}}',
        f"- {{mklabel: {table}, device: pc.img}}",
    ]
    lines += [
        f'- {{mkpart: {kind}, device: pc.img, start: "{start}", end: "{end}", tag: p{number}}}'
        for number, (kind, start, end, _) in enumerate(partitions)
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
    first, second = planned(
        tmp_path, table, 2**31, [("primary", "0%", place, ""), ("primary", place, "100%", "")]
    )
    assert int(second.split("-")[0]) == int(first.split("-")[1]) + 1


#: What parted 3.5 answers to these is `invalid syntax for locations`, `Use a smaller unit`, or how
#: it is called.
NOT_TAKEN = {
    "1.5%": "parted takes whole percents from 0% to 100%; or write it in MiB: 31MiB",
    "-50%": "parted takes whole percents from 0% to 100%; or write it in MiB: 1024MiB",
    "100.0%": "without the point: 100%",
    "-1.5G": "in a smaller unit: -1500M",
    "-1.5GiB": "in a smaller unit: -1536MiB",
    "-1.5": "in a smaller unit: -1500k",
    "-1.0MiB": "without the point: -1MiB",
    "0.5G": "in a smaller unit: 500M",
    "0.5TiB": "in a smaller unit: 512GiB",
    "0.5MB": "in a smaller unit: 500k",
    "5 GiB": "without the space: 5GiB",
    "50 %": "without the space: 50%",
}


@pytest.mark.parametrize("place", NOT_TAKEN)
def test_places_that_parted_does_not_take_are_refused_at_their_line(
    tmp_path: Path, place: str
) -> None:
    with pytest.raises(RecipeError) as caught:
        planned(tmp_path, "gpt", 2**31, [("primary", "1MiB", place, "")])
    (found,) = caught.value.problems
    assert found.what == f"{place!r} is a place that parted does not take"
    assert str(found.hint) == NOT_TAKEN[place]
    assert found.where
    assert found.where.line == 4


@pytest.mark.parametrize("place", ["1.5G", "1.5", "1.5MiB", "-100MiB", "25%", "1G "])
def test_places_that_parted_takes(tmp_path: Path, place: str) -> None:
    assert planned(tmp_path, "gpt", 2**31, [("primary", "1MiB", place, "")])


def test_a_logical_partition_begins_where_parted_puts_it(tmp_path: Path) -> None:
    """The first one is just behind its table; the next one has a MiB for its own."""
    partitions = [
        ("extended", "1MiB", "100%", ""),
        ("logical", "1M", "500M", ""),
        ("logical", "500M", "100%", ""),
    ]
    found = planned(tmp_path, "msdos", 2**31, partitions)
    assert found == ["2048-4194303", "2049-976562", "978944-4194303"]
