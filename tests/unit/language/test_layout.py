from __future__ import annotations

import pytest

from vmdsl import Disk, Gpt, MiB, Partition, mkgpt, mkimg, mkmsdos, mkpart
from vmdsl.language.layout import Layout, Span, in_the_way, partition_spans, table_spans
from vmdsl.language.operation import Recorder
from vmdsl.plan.lay_out import lay_out


def span(start: int, end: int) -> Span:
    return Span(start=start, end=end, what="they")


@pytest.mark.parametrize(
    ("start", "end", "does"),
    [
        (0, 10, False),
        (0, 11, True),
        (10, 20, True),
        (12, 13, True),
        (19, 30, True),
        (20, 30, False),
    ],
)
def test_overlaps(start: int, end: int, *, does: bool) -> None:
    assert span(start, end).overlaps(span(10, 20)) is does
    assert span(10, 20).overlaps(span(start, end)) is does


def layout(recorder: Recorder, *, gpt: bool) -> Layout:
    disk: Disk = mkimg(MiB(16))
    table = mkgpt(disk) if gpt else mkmsdos(disk)
    mkpart(table, size=MiB(2))
    mkpart(table, size=MiB(1))
    made, problems = lay_out(recorder.operations, recipe="r", seed="")
    assert problems == []
    assert made is not None
    assert isinstance(made.table, Gpt) is gpt
    return made


def test_where_an_mbr_is(recorder: Recorder) -> None:
    assert [(s.start, s.end) for s in table_spans(layout(recorder, gpt=False))] == [(440, 512)]


def test_where_a_gpt_is(recorder: Recorder) -> None:
    sector, end = 512, 16 * 2**20
    places = [(s.start, s.end) for s in table_spans(layout(recorder, gpt=True))]
    assert places == [(440, 512), (sector, 34 * sector), (end - 33 * sector, end)]


def test_where_partitions_are(recorder: Recorder) -> None:
    made = layout(recorder, gpt=False)
    first, second = (p.partition for p in made.partitions if isinstance(p.partition, Partition))
    mib = 2**20
    places = [(s.start // mib, s.end // mib) for s in partition_spans(made)]
    assert places == [(1, 3), (3, 4)]
    assert len(partition_spans(made, but=[first])) == 1
    assert partition_spans(made, but=[first, second]) == ()


def test_what_is_in_the_way() -> None:
    other = Span(start=10, end=20, what="the loader")
    assert in_the_way(span(20, 30), [other], 30) == ""
    assert (
        in_the_way(span(20, 31), [other], 30)
        == "they end at byte 31, and there is room up to byte 30"
    )
    assert "where the loader is: bytes 10 to 20" in in_the_way(span(19, 20), [other], 30)
