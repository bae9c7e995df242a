"""The disk as a bar."""

import pytest

from vmdsl import KiB, MiB, mkimg, mkmsdos, mkpart, write_at
from vmdsl.language.effects import ImageOperation
from vmdsl.language.operation import Recorder
from vmdsl.plan.lay_out import lay_out
from vmdsl.review.bar import Part, draw_bar, parts

GIB, MIB = 2**30, 2**20
DISK = [Part(1, "bios_boot", MIB), Part(2, "esp", 128 * MIB), Part(3, "root", 4 * GIB)]


@pytest.mark.parametrize("width", range(12, 200, 7))
def test_every_line_has_the_width_and_every_part_its_number(width: int) -> None:
    lines = draw_bar(DISK, width)
    assert {len(line) for line in lines} == {width}
    assert all(str(part.number) in lines[1] for part in DISK)


def test_to_scale() -> None:
    bar = draw_bar([Part(1, "a", 3 * GIB), Part(2, "b", GIB)], 103)
    assert [len(cell) for cell in bar[1].strip("│").split("│")] == [75, 25]


def test_names_and_sizes_where_they_fit() -> None:
    bar = "".join(draw_bar(DISK, 60))
    assert "3 root" in bar
    assert "4 GiB" in bar
    assert "bios_boot" not in bar


def test_free_space_has_no_number() -> None:
    bar = "".join(draw_bar([Part(1, "root", GIB), Part(0, "free", GIB)], 40))
    assert " free " in bar
    assert "0" not in bar


def test_space_that_is_written_to_has_names_of_steps(recorder: Recorder) -> None:
    disk = mkimg(MiB(64))
    mkpart(mkmsdos(disk), start=MiB(16), size=MiB(16))
    write_at(disk, b"x", offset=KiB(32))
    write_at(disk, b"x", offset=MiB(8))
    layout, problems = lay_out(recorder.operations, recipe="r", seed="")
    assert layout
    assert not problems
    written = [o for o in recorder.operations if isinstance(o, ImageOperation)]
    assert [part.name for part in parts(layout, written)] == ["here", "here", "free"]
    assert [part.name for part in parts(layout)] == ["free", "here", "free"]


def test_more_parts_than_columns() -> None:
    assert draw_bar([Part(n, "p", MIB) for n in range(1, 100)], 80) == ()


def test_ascii() -> None:
    assert draw_bar(DISK, 60, ascii_only=True)[1].isascii()
