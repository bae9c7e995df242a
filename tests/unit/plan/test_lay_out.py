from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vmdsl import (
    Disk,
    Gpt,
    Msdos,
    Partition,
    mkext4,
    mkgpt,
    mkimg,
    mkmsdos,
    mkpart,
    mkswap,
    mkvfat,
    mount,
)
from vmdsl.errors import Problem
from vmdsl.language.layout import Layout
from vmdsl.language.operation import Operation, Recorder, start_recording
from vmdsl.language.partition_types import CODES
from vmdsl.plan.extents import ALIGNMENT
from vmdsl.plan.lay_out import lay_out
from vmdsl.values import GiB, MiB, Size, TiB

SECTOR = 512


@contextmanager
def recorder() -> Iterator[Recorder]:
    """Operations made in this go into the recorder, as those of its step."""
    made = Recorder(Path("/recipes/r.py"), value_of=id, result_of=id, step="parts")
    undo = start_recording(made)
    try:
        yield made
    finally:
        undo()


@dataclass(frozen=True)
class Wanted:
    """A partition as a recipe asks for it; `gap` puts its start so far behind the one before."""

    size: int | None
    gap: int | None = None


def placed(
    size: Size, wanted: Sequence[Wanted], table: Callable[[Disk], Gpt | Msdos] = mkgpt
) -> tuple[Layout, list[Problem]]:
    with recorder() as made:
        where = table(mkimg(size))
        cursor = ALIGNMENT
        for one in wanted:
            start = None if one.gap is None else Size(cursor + one.gap)
            extent = None if one.size is None else Size(one.size)
            mkext4(mkpart(where, start=start, size=extent))
            cursor += (one.gap or 0) + (one.size or 0)
    layout, problems = lay_out(made.operations, recipe="r", seed="")
    assert layout is not None
    return layout, problems


SIZES = st.integers(min_value=1, max_value=2**21).map(lambda sectors: sectors * SECTOR)
PARTITIONS = st.builds(
    Wanted, SIZES, st.none() | st.integers(min_value=0, max_value=2**20).map(lambda n: n * 512)
)


@st.composite
def wishes(draw: st.DrawFn) -> list[Wanted]:
    """Up to eight partitions, of which one may take what the others leave."""
    found = draw(st.lists(PARTITIONS, max_size=7))
    if draw(st.booleans()):
        found.insert(draw(st.integers(0, len(found))), Wanted(None))
    return found


@given(wishes(), st.integers(min_value=2**21, max_value=2**36).map(lambda n: n * SECTOR))
def test_what_has_no_problem_is_sound(wanted: list[Wanted], size: int) -> None:
    """Partitions never overlap; they are aligned or where they are told, and of their size."""
    layout, problems = placed(Size(size), wanted)
    assume(not problems)
    for partition, one in zip(layout.partitions, wanted, strict=True):
        assert partition.start % (ALIGNMENT if one.gap is None else SECTOR) == 0
        assert partition.size % SECTOR == 0
        assert partition.size > 0
        assert partition.start >= ALIGNMENT
        assert partition.end <= size - 33 * SECTOR
        if one.size is not None:
            assert partition.size == one.size
    for before, behind in pairwise(sorted(layout.partitions, key=lambda p: p.start)):
        assert before.end <= behind.start
    assert [p.number for p in layout.partitions] == list(range(1, len(wanted) + 1))


@given(
    st.lists(st.integers(1, 64).map(lambda n: n * 2**20), max_size=6),
    st.lists(st.integers(1, 64).map(lambda n: n * 2**20), max_size=6),
    st.integers(1, 2**13).map(lambda n: n * 2**20),
)
def test_rest_takes_all(before: list[int], after: list[int], spare: int) -> None:
    """Nothing but the table's own places and less than the alignment is left unused."""
    size = sum(before) + sum(after) + spare + 2 * ALIGNMENT
    wanted = [*map(Wanted, before), Wanted(None), *map(Wanted, after)]
    layout, problems = placed(Size(size), wanted)
    assert problems == []
    assert sum(p.size for p in layout.partitions) == size - 2 * ALIGNMENT
    ends = [ALIGNMENT, *(p.end for p in layout.partitions)]
    assert [p.start for p in layout.partitions] == ends[:-1]


@given(st.lists(SIZES, max_size=6), st.lists(SIZES, max_size=6))
def test_rest_leaves_room_for_the_others(before: list[int], after: list[int]) -> None:
    """Whatever the sizes, as each of the others takes what it needs to be aligned."""
    aligned = sum(-(-size // ALIGNMENT) * ALIGNMENT for size in (*before, *after))
    wanted = [*map(Wanted, before), Wanted(None), *map(Wanted, after)]
    assert placed(Size(aligned + 3 * ALIGNMENT), wanted)[1] == []


@given(st.lists(SIZES, min_size=1, max_size=8))
def test_what_does_not_fit_is_told(sizes: list[int]) -> None:
    total = sum(sizes) // SECTOR * SECTOR
    _, problems = placed(Size(total), [Wanted(size) for size in sizes])
    told = "does not fit", "where the second copy of the GPT is", "has no room for a GPT"
    assert any(text in p.what for p in problems for text in told)


def test_rest_ends_where_a_later_one_starts() -> None:
    with recorder() as made:
        table = mkgpt(mkimg(GiB(4)))
        mkpart(table)
        mkpart(table, size=MiB(100))
        mkpart(table, start=GiB(2))
    layout, problems = lay_out(made.operations, recipe="r", seed="")
    assert layout is not None
    assert problems == []
    first, second, third = layout.partitions
    assert (first.start, first.end) == (2**20, 2**31 - 100 * 2**20)
    assert (second.start, second.end) == (first.end, 2**31)
    assert (third.start, third.end) == (2**31, 2**32 - 2**20)


def test_no_disk_is_no_layout() -> None:
    assert lay_out([], recipe="r", seed="") == (None, [])


def test_every_type_has_its_codes() -> None:
    with recorder() as made:
        table = mkgpt(mkimg(GiB(4)))
        for kind in CODES:
            mkpart(table, size=MiB(1), type=kind)  # type: ignore[arg-type]
    layout, problems = lay_out(made.operations, recipe="r", seed="")
    assert layout is not None
    assert problems == []
    assert [p.type_code for p in layout.partitions] == [code for code, _ in CODES.values()]


def test_mbr_has_its_own_identifiers() -> None:
    layout, problems = placed(GiB(1), [Wanted(2**20), Wanted(None)], mkmsdos)
    assert problems == []
    assert layout.label_id.startswith("0x")
    assert [p.uuid for p in layout.partitions] == [
        f"{layout.label_id[2:]}-01",
        f"{layout.label_id[2:]}-02",
    ]
    assert layout.partitions[1].end == 2**30


@pytest.mark.parametrize(
    ("table", "count", "wrong"), [(mkmsdos, 4, False), (mkmsdos, 5, True), (mkgpt, 129, True)]
)
def test_number_of_partitions(
    table: Callable[[Disk], Gpt | Msdos], count: int, *, wrong: bool
) -> None:
    _, problems = placed(GiB(4), [Wanted(2**20)] * count, table)
    assert bool(problems) == wrong


def test_mbr_ends_at_two_tib() -> None:
    assert placed(TiB(2), [Wanted(None)], mkmsdos)[1] == []
    assert "2 TiB" in placed(TiB(2) + MiB(1), [Wanted(None)], mkmsdos)[1][0].what


def uuids(*, extra: bool = False, recipe: str = "r", seed: str = "") -> dict[str, str]:
    """The identifiers of a disk by what they identify, with a step more in the midst or not."""
    with recorder() as made:
        made.step = "table"
        table = mkgpt(mkimg(GiB(4)))
        made.step = "esp"
        mkvfat(mkpart(table, size=MiB(64), type="esp"))
        if extra:
            made.step = "extra"
            mkswap(mkpart(table, size=MiB(64)))
        made.step = "root"
        mount(mkext4(mkpart(table)))
    return identifiers(made.operations, recipe, seed, without="extra")


def identifiers(
    operations: list[Operation], recipe: str, seed: str, *, without: str
) -> dict[str, str]:
    layout, problems = lay_out(operations, recipe=recipe, seed=seed)
    assert layout is not None
    assert problems == []
    found = {"label": layout.label_id}
    for partition in layout.partitions:
        found[f"partition {partition.partition.name}"] = partition.uuid
    for filesystem in layout.filesystems:
        found[f"filesystem {filesystem.filesystem.name}"] = filesystem.uuid
        found[f"hash seed {filesystem.filesystem.name}"] = filesystem.hash_seed
    return {name: value for name, value in found.items() if not name.endswith(without)}


def test_uuids_stay_when_a_step_is_added() -> None:
    assert uuids(extra=True) == uuids()


def test_uuids_are_the_same_in_every_run() -> None:
    """A change of these changes every image that was ever built: it needs a major version."""
    assert uuids() == uuids()
    assert uuids()["filesystem root"] == "0e68c274-37ab-59a0-91df-3ead925deb64"


@pytest.mark.parametrize("change", [{"seed": "x"}, {"recipe": "other"}])
def test_uuids_change_with_seed_and_recipe(change: dict[str, str]) -> None:
    before, after = uuids(), uuids(**change)  # type: ignore[arg-type]
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())


def test_uuids_differ_from_each_other() -> None:
    with recorder() as made:
        table = mkgpt(mkimg(GiB(4)))
        for _ in range(9):
            mkext4(mkpart(table, size=MiB(1)))
    found = lay_out(made.operations, recipe="r", seed="")[0]
    assert found is not None
    every = [p.uuid for p in found.partitions] + [f.uuid for f in found.filesystems]
    every += [f.hash_seed for f in found.filesystems]
    assert len(set(every)) == 27


def test_fat_has_a_short_id() -> None:
    assert len(uuids()["filesystem esp"]) == len("ABCD-1234")


def test_layout_answers() -> None:
    with recorder() as made:
        table = mkgpt(mkimg(GiB(4)))
        part = mkpart(table, size=GiB(1))
        root = mount(mkext4(part))
        boot = mount(mkext4(mkpart(table, size=MiB(512))), "/boot", on=root)
        esp = mount(mkvfat(mkpart(table)), "/boot/efi", on=boot)
    layout = lay_out(made.operations, recipe="r", seed="")[0]
    assert layout is not None
    assert isinstance(part, Partition)
    assert layout.of_partition(part).number == 1
    assert layout.of_mount(esp).filesystem.partition.number == 3
    assert layout.holding("/boot/grub").mounted is boot
    assert layout.holding("/boot/efi/EFI").mounted is esp
    assert layout.holding("/bootstrap").mounted is root
    assert [m.mounted for m in layout.below(layout.of_mount(root))] == [boot]
    with pytest.raises(LookupError, match="no filesystem holds etc"):
        layout.holding("etc")
