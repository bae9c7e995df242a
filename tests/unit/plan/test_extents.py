"""Where partitions are: exact, in percents, from the end, and in an image that grows."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmdsl import (
    Extended,
    Gpt,
    KiB,
    MiB,
    Msdos,
    Partition,
    Percent,
    Size,
    TiB,
    mkext4,
    mkextended,
    mkgpt,
    mkimg,
    mkmsdos,
    mkpart,
    mkswap,
    mount,
    sectors,
)
from vmdsl.errors import Problem
from vmdsl.language.layout import Layout, partition_spans, table_spans
from vmdsl.language.operation import Recorder, start_recording
from vmdsl.plan.lay_out import lay_out, with_size

MIB = 2**20
DISK = MiB(1000)


def laid_out(
    make: Callable[[Gpt | Msdos], object],
    *,
    gpt: bool = True,
    size: Size | None = DISK,
    free: Size | None = None,
    sector: int = 512,
) -> tuple[Layout, list[Problem]]:
    made = Recorder(Path("/recipes/r.py"), value_of=id, result_of=id, step="parts")
    undo = start_recording(made)
    disk = mkimg(size, free=free, sector=sector)
    make(mkgpt(disk) if gpt else mkmsdos(disk))
    undo()
    layout, problems = lay_out(made.operations, recipe="r", seed="")
    assert layout is not None
    return layout, problems


def place(make: Callable[[Gpt | Msdos], Partition], *, gpt: bool = True) -> tuple[int, int]:
    layout, problems = laid_out(make, gpt=gpt)
    assert problems == []
    (only,) = layout.partitions
    return only.start, only.end


END = 1000 * MIB


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (sectors(64), sectors(16384), (32768, 8 * MIB)),
        (sectors(34), -sectors(33), (34 * 512, END - 33 * 512)),
        (KiB(300.5), None, (300 * 1024 + 512, 999 * MIB)),
        (-MiB(100), None, (900 * MIB, 999 * MIB)),
        (-MiB(100), -sectors(2049), (900 * MIB, END - 2049 * 512)),
        (Percent(0), Percent(100), (MIB, 999 * MIB)),
        (Percent(0.2), Percent(0.35), (2 * MIB, 4 * MIB)),
        (Percent(33.34), None, (333 * MIB, 999 * MIB)),
        (Percent(50), -MiB(1), (500 * MIB, 999 * MIB)),
        (None, Percent(20), (MIB, 200 * MIB)),
        (None, MiB(16), (MIB, 16 * MIB)),
    ],
)
def test_places_on_a_gpt(
    start: Size | Percent | None, end: Size | Percent | None, expected: tuple[int, int]
) -> None:
    assert place(lambda table: mkpart(table, start=start, end=end)) == expected


def test_an_mbr_has_all_but_the_first_sector() -> None:
    assert place(lambda t: mkpart(t, start=sectors(1), end=Percent(100)), gpt=False) == (512, END)
    assert place(lambda t: mkpart(t, start=-sectors(3)), gpt=False) == (END - 1536, END)


@given(
    st.lists(st.floats(1, 99), min_size=1, max_size=5, unique=True).map(sorted),
    st.integers(200 * MIB // 512, 2**30),
)
def test_partitions_in_percents_follow_each_other(parts: list[float], size: int) -> None:
    """Whatever the percents, the end of one is the start of the next."""
    bounds = [0, *parts, 100]

    def make(table: Gpt | Msdos) -> None:
        for start, end in itertools.pairwise(bounds):
            mkpart(table, start=Percent(start), end=Percent(end))

    layout, problems = laid_out(make, size=sectors(size))
    assert not [p for p in problems if "overlaps" in p.what]
    for one, other in zip(layout.partitions, layout.partitions[1:], strict=False):
        assert one.end == other.start or one.size == 0


@pytest.mark.parametrize(
    ("start", "end", "what"),
    [
        (sectors(33), None, "it starts at 16.5 KiB, where the partition table is"),
        (Size(0), None, "it starts at 0 B, where the partition table is"),
        (-MiB(1001), None, "it starts before the disk does"),
        (None, -sectors(32), "where the second copy of the GPT is"),
        (None, MiB(1000), "where the second copy of the GPT is"),
        (None, MiB(1001), "it ends at 1001 MiB and does not fit: there is room up to 999 MiB"),
        (MiB(999), None, "no room is left for it: it starts at 999 MiB of 999 MiB"),
        (MiB(700), -MiB(400), "no room is left for it: it starts at 700 MiB of 999 MiB"),
        (None, MiB(1), "its end, 1 MiB, is not behind its start, 1 MiB"),
        (-MiB(500), MiB(400), "its end, 400 MiB, is not behind its start, 500 MiB"),
        (Percent(50), MiB(400), "its end, 400 MiB, is not behind its start, 500 MiB"),
    ],
)
def test_wrong_places(start: Size | Percent | None, end: Size | Percent | None, what: str) -> None:
    _, problems = laid_out(lambda table: mkpart(table, start=start, end=end))
    assert [p.what for p in problems if what in p.what] == [p.what for p in problems] != []


def grown(table: Gpt | Msdos) -> None:
    first = mkpart(table, start=sectors(64), size=MiB(10))
    root = mount(mkext4(mkpart(table)))
    mkswap(mkpart(table, size=MiB(5)))
    mount(mkext4(first), "/boot", on=root)


def test_an_image_that_grows_is_open() -> None:
    """What stands in the layout is the least that it can be."""
    layout, problems = laid_out(grown, size=None, free=MiB(99.5))
    assert problems == []
    assert [layout.is_open(p) for p in layout.partitions] == [False, True, False]
    assert [layout.is_movable(p) for p in layout.partitions] == [False, False, True]
    assert layout.partitions[1].size == 100 * MIB
    assert layout.size == (11 + 100 + 5 + 1) * MIB


@pytest.mark.parametrize(("gpt", "behind"), [(True, MIB), (False, 0)])
def test_an_image_that_has_grown(*, gpt: bool, behind: int) -> None:
    before, _ = laid_out(grown, size=None, free=MiB(1), gpt=gpt)
    layout, problems = with_size(before, 700 * MIB)
    assert problems == []
    assert layout.open is None
    assert not any(map(layout.is_movable, layout.partitions))
    assert [p.start for p in layout.partitions] == [32768, 11 * MIB, 711 * MIB]
    assert layout.size == 716 * MIB + behind
    assert [p.uuid for p in layout.partitions] == [p.uuid for p in before.partitions]
    assert [f.uuid for f in layout.filesystems] == [f.uuid for f in before.filesystems]
    for filesystem in layout.filesystems:
        assert any(filesystem.partition is p for p in layout.partitions)
    for mounted in layout.mounts:
        assert any(mounted.filesystem is f for f in layout.filesystems)


def test_an_mbr_grows_to_two_tib() -> None:
    before, _ = laid_out(grown, size=None, free=MiB(1), gpt=False)
    assert "2 TiB" in with_size(before, 2**41)[1][0].what


def logical(table: Gpt | Msdos) -> None:
    """Two primary ones, and in the extended one between them three, of which one takes the rest."""
    assert isinstance(table, Msdos)
    mkpart(table, size=MiB(99))
    extended = mkextended(table)
    mkpart(extended, size=MiB(20))
    mkpart(extended)
    mkpart(table, size=MiB(300))
    mkpart(extended, size=MiB(30))


def test_logical_partitions() -> None:
    layout, problems = laid_out(logical, gpt=False)
    assert problems == []
    assert [(p.number, p.start // MIB, p.end // MIB) for p in layout.partitions] == [
        (1, 1, 100),
        (2, 100, 700),
        (5, 101, 121),
        (6, 122, 669),
        (3, 700, 1000),
        (7, 670, 700),
    ]
    assert [p.uuid[-3:] for p in layout.partitions] == ["-01", "-02", "-05", "-06", "-03", "-07"]
    assert layout.partitions[1].type_code == "0f"
    sectors = [s.start / MIB for s in table_spans(layout)][1:]
    assert sectors == [100, 121, 669]
    assert len(partition_spans(layout)) == 5


def test_tables_are_just_before_logical_partitions_if_the_first_one_is_close() -> None:
    def close(table: Gpt | Msdos) -> None:
        assert isinstance(table, Msdos)
        extended = mkextended(table, start=MiB(1), end=MiB(100))
        mkpart(extended, start=sectors(2080), end=MiB(20))
        mkpart(extended)

    layout, problems = laid_out(close, gpt=False)
    assert problems == []
    assert [s.start // 512 for s in table_spans(layout)][1:] == [2048, 21 * 2048 - 1]


def test_numbers_of_partitions_are_in_hexadecimal() -> None:
    def many(table: Gpt | Msdos) -> None:
        assert isinstance(table, Msdos)
        extended = mkextended(table)
        for _ in range(12):
            mkpart(extended, size=MiB(1))

    layout, problems = laid_out(many, gpt=False)
    assert problems == []
    assert [p.number for p in layout.partitions] == [1, *range(5, 17)]
    assert layout.partitions[-1].uuid.endswith("-10")
    assert [p.start // MIB for p in layout.partitions[1:4]] == [2, 4, 6]


def test_exact_places_of_logical_partitions() -> None:
    def exact(table: Gpt | Msdos) -> None:
        assert isinstance(table, Msdos)
        extended = mkextended(table, start=sectors(63), end=Percent(50))
        mkpart(extended, start=sectors(64), end=MiB(10))
        mkpart(extended, start=MiB(11), end=Percent(30))
        mkpart(extended, end=Percent(50))

    layout, problems = laid_out(exact, gpt=False)
    assert problems == []
    assert [(p.start // 512, p.end / MIB) for p in layout.partitions] == [
        (63, 500),
        (64, 10),
        (11 * 2048, 300),
        (301 * 2048, 500),
    ]


def test_percents_of_logical_partitions_leave_room_for_tables() -> None:
    def percents(table: Gpt | Msdos) -> None:
        assert isinstance(table, Msdos)
        extended = mkextended(table, start=Percent(20), end=Percent(100))
        mkpart(extended, start=Percent(20), end=Percent(50))
        mkpart(extended, start=Percent(50), end=Percent(100))

    layout, problems = laid_out(percents, gpt=False)
    assert problems == []
    assert [(p.start // MIB, p.end // MIB) for p in layout.partitions] == [
        (200, 1000),
        (201, 500),
        (501, 1000),
    ]


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda x: [mkpart(x, size=MiB(600))], "it has no place in the extended partition parts ("),
        (lambda x: [mkpart(x, start=MiB(99), size=MiB(1))], "it has no place in the extended"),
        (lambda x: [mkpart(x, start=MiB(100), size=MiB(1))], "it has no place in the extended"),
        (lambda x: [mkpart(x), mkpart(x)], "it has no place in the extended partition"),
        (
            lambda x: [mkpart(x, end=MiB(200)), mkpart(x, start=MiB(200.5))],
            "it starts at 200.5 MiB, but a table of its own needs the MiB behind parts (",
        ),
        (
            lambda x: [mkpart(x, end=MiB(200)), mkpart(x, start=MiB(150))],
            "it overlaps the partition parts (",
        ),
        (
            lambda x: [
                mkpart(x, start=MiB(200), size=MiB(1)),
                mkpart(x, start=MiB(150), size=MiB(2)),
            ],
            "it starts at 150 MiB, but a table of its own needs",
        ),
        (lambda x: [mkextended(x.table, size=MiB(1)), mkpart(x)], "a second extended partition"),
        (
            lambda x: [mkpart(x.table, size=MiB(1)) for _ in range(4)],
            "partition 5 on the MBR parts",
        ),
    ],
)
def test_logical_partitions_with_no_place(
    make: Callable[[Extended], list[object]], what: str
) -> None:
    def inside(table: Gpt | Msdos) -> None:
        assert isinstance(table, Msdos)
        make(mkextended(table, start=MiB(100), size=MiB(500)))

    problems = laid_out(inside, gpt=False)[1]
    assert [p.what[: len(what)] for p in problems] == [what]
    assert all(p.hint for p in problems)


def test_a_gpt_of_large_sectors() -> None:
    """Its copies take five sectors each; places that are chosen are whole MiB all the same."""
    layout, problems = laid_out(
        lambda table: (mkpart(table, size=MiB(100)), mkpart(table)), sector=4096
    )
    assert problems == []
    assert [(p.start, p.end) for p in layout.partitions] == [
        (MIB, 101 * MIB),
        (101 * MIB, 999 * MIB),
    ]
    assert [(s.start, s.end) for s in table_spans(layout)] == [
        (440, 512),
        (4096, 6 * 4096),
        (1000 * MIB - 5 * 4096, 1000 * MIB),
    ]


@pytest.mark.parametrize(
    ("start", "end", "what", "hint"),
    [
        (sectors(40), None, "where the partition table is", "start at sectors(48) or later"),
        (None, -sectors(32), "the second copy of the GPT", "end at -sectors(40) or before"),
    ],
)
def test_the_edges_of_a_gpt_of_large_sectors(
    start: Size | None, end: Size | None, what: str, hint: str
) -> None:
    _, problems = laid_out(lambda table: mkpart(table, start=start, end=end), sector=4096)
    (problem,) = problems
    assert what in problem.what
    assert problem.hint.startswith(hint)
    _, problems = laid_out(
        lambda table: mkpart(table, start=sectors(48), end=-sectors(40)), sector=4096
    )
    assert problems == []


def test_an_mbr_of_large_sectors_reaches_farther() -> None:
    _, problems = laid_out(
        lambda table: mkpart(table, size=TiB(3)), gpt=False, size=TiB(20), sector=4096
    )
    assert problems == []
    _, (problem,) = laid_out(
        lambda table: mkpart(table, size=TiB(17)), gpt=False, size=TiB(20), sector=4096
    )
    assert "an MBR reaches no farther than 16 TiB" in problem.what


def test_logical_partitions_of_large_sectors() -> None:
    def make(table: Gpt | Msdos) -> None:
        assert isinstance(table, Msdos)
        extended = mkextended(table, size=MiB(100))
        mkpart(extended, size=MiB(10))
        mkpart(extended, size=MiB(10))

    layout, problems = laid_out(make, gpt=False, sector=4096)
    assert problems == []
    assert [(s.start, s.end - s.start) for s in table_spans(layout)] == [
        (440, 72),
        (MIB, 4096),
        (12 * MIB, 4096),
    ]


def test_an_image_of_large_sectors_grows() -> None:
    layout, _ = laid_out(mkpart, size=None, free=MiB(10), sector=4096)
    sized, problems = with_size(layout, MiB(20).bytes)
    assert problems == []
    assert (sized.size, sized.partitions[0].end) == (22 * MIB, 21 * MIB)
