"""The disk as a bar."""

import pytest

from vmdsl.review.bar import Part, draw_bar

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


def test_more_parts_than_columns() -> None:
    assert draw_bar([Part(n, "p", MIB) for n in range(1, 100)], 80) == ()


def test_ascii() -> None:
    assert draw_bar(DISK, 60, ascii_only=True)[1].isascii()
