from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmdsl import values
from vmdsl.values import (
    GB,
    MB,
    TB,
    GiB,
    KiB,
    MiB,
    Percent,
    Size,
    Suite,
    TiB,
    debian_suites,
    kB,
    position,
    sectors,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4G", GiB(4)),
        ("4 GiB", GiB(4)),
        ("4gb", GiB(4)),
        ("1.5G", MiB(1536)),
        ("512M", MiB(512)),
        ("64k", KiB(64)),
        ("2T", TiB(2)),
        (" 1024 ", Size(1024)),
        ("10B", Size(10)),
    ],
)
def test_parse_size(text: str, size: Size) -> None:
    assert Size.parse(text) == size


@pytest.mark.parametrize("text", ["", "G", "4X", "-1G", "4 G i B", "1e9", "4,5G", "٤G x"])
def test_wrong_size(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a size; write it like 512M or 4G"):
        Size.parse(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (GiB(4), "4 GiB"),
        (MiB(1536), "1.5 GiB"),
        (MiB(1000), "1000 MiB"),
        (KiB(4), "4 KiB"),
        (Size(513), "513 B"),
        (Size(0), "0 B"),
        (TiB(3), "3 TiB"),
        (MiB(-256), "-256 MiB"),
    ],
)
def test_size_as_text(size: Size, text: str) -> None:
    assert str(size) == text


@given(st.integers(min_value=0, max_value=2**44))
def test_text_of_a_size_is_that_size(number: int) -> None:
    assert Size.parse(str(Size(number))) == Size(number)


@given(st.integers(), st.integers())
def test_sizes_compare_and_add_as_numbers(one: int, other: int) -> None:
    assert (Size(one) < Size(other)) == (one < other)
    assert (Size(one) >= Size(other)) == (one >= other)
    assert Size(one) + Size(other) == Size(one + other)
    assert Size(one) - Size(other) == Size(one - other)
    assert Size(one) * 3 == Size(one * 3)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("0%", Percent(0)),
        ("33.7%", Percent(33.7)),
        ("-10%", Percent(90)),
        ("64s", sectors(64)),
        ("-33s", sectors(-33)),
        ("100B", Size(0)),
        ("513B", Size(512)),
        ("3K", sectors(5)),
        ("3kI", KiB(3)),
        ("3kB", sectors(5)),
        ("16", MB(16)),
        ("16M", MB(16)),
        ("3mb", sectors(5859)),
        ("1G", GB(1)),
        ("1.5 GB", sectors(2929687)),
        ("5.", sectors(9765)),
        ("2TB", TB(2)),
        ("16MiB", MiB(16)),
        ("20.3MiB", sectors(41574)),
        ("4GiB", GiB(4)),
        ("2TiB", TiB(2)),
        ("-100MiB", MiB(-100)),
        ("-1", -sectors(1954)),
    ],
)
def test_position_is_what_parted_makes_of_it(text: str, place: Size | Percent) -> None:
    assert position(text) == place


@pytest.mark.parametrize(
    "text", ["", "x", "MiB", "1,5MiB", "0x10", "1e3", "5 5", "10MBfoo", "٤MiB", "- 5MiB", "101%"]
)
def test_wrong_position(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a place on a disk|is not between 0% and 100%"):
        position(text)


@pytest.mark.parametrize("text", ["7cyl", "7c", "0.5CHS", "1,2,3"])
def test_cylinders(text: str) -> None:
    with pytest.raises(ValueError, match="no cylinders any more; write it in MiB"):
        position(text)


@pytest.mark.parametrize("number", [-1, 100.5, float("nan"), float("inf")])
def test_wrong_percent(number: float) -> None:
    with pytest.raises(ValueError, match="is not between 0% and 100%"):
        Percent(number)


def test_percents() -> None:
    assert Percent(50).of(1001) == 500
    assert Percent(33.3).of(10**15) == 333 * 10**12
    assert str(Percent(33.3)) == "33.3%"
    assert str(Percent(50)) == "50%"
    assert Percent(20) < Percent(50.5)


def test_decimal_units() -> None:
    assert [kB(1), MB(1), GB(1), TB(1)] == [Size(10**n) for n in (3, 6, 9, 12)]
    assert -MB(2) == MB(-2)
    assert sectors(3) == Size(1536)


def test_alias_is_the_code_name_of_today() -> None:
    assert Suite("unstable").name == "sid"
    assert Suite("stable").name in debian_suites()
    assert Suite("stable") == Suite(Suite("stable").name)
    assert str(Suite("trixie")) == "trixie"


def test_suite_of_another_archive() -> None:
    assert Suite.parse("trixie-backports").name == "trixie-backports"
    assert Suite.parse("stable/updates").name == "stable/updates"


@pytest.mark.parametrize("text", ["", "Debian 13", "-x", "trixie;id", "Trixie"])
def test_wrong_suite(text: str) -> None:
    with pytest.raises(ValueError, match="is not the name of a suite"):
        Suite.parse(text)


def test_without_debians_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine without distro-info's data an alias is what it's called; suites are known."""

    def missing() -> None:
        raise FileNotFoundError

    monkeypatch.setattr(values, "DebianDistroInfo", missing)
    values.debian_suites.cache_clear()
    values.suite_aliases.cache_clear()
    try:
        assert debian_suites()[-3:] == ("duke", "sid", "experimental")
        assert Suite("stable").name == "stable"
        assert Suite("unstable").name == "sid"
    finally:
        values.debian_suites.cache_clear()
        values.suite_aliases.cache_clear()
