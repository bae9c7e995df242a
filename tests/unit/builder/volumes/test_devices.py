"""Devices of an image: what is written to one is in its places, and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmdsl.builder.volumes.devices import Area, Device, Joined, Part

SIZE = 64


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with (tmp_path_factory.mktemp("image") / "image").open("w+b", buffering=0) as file:
        yield file.fileno()


def joined(device: Device, *parts: tuple[int, int]) -> Joined:
    return Joined(parts=tuple(Part(device=device, start=start, size=size) for start, size in parts))


def places(device: Device) -> list[int]:
    """The byte of the image that each byte of a device is."""
    if isinstance(device, Area):
        return list(range(device.offset, device.offset + device.size))
    assert isinstance(device, Joined)
    parts = ((places(part.device), part.start, part.size) for part in device.parts)
    return [one for below, start, size in parts for one in below[start : start + size]]


@st.composite
def devices(draw: st.DrawFn) -> tuple[int, int, list[tuple[int, int]], int]:
    """An area, parts of it that don't overlap, in any order, and where to cut them in two."""
    ends = draw(st.lists(st.integers(0, SIZE), min_size=2, max_size=8, unique=True).map(sorted))
    parts = [(a, b - a) for a, b in zip(ends[::2], ends[1::2], strict=False)]
    size = sum(size for _, size in parts)
    return draw(st.integers(0, 9)), SIZE, draw(st.permutations(parts)), draw(st.integers(0, size))


@given(made=devices(), content=st.binary(min_size=1, max_size=SIZE), start=st.integers(0, SIZE))
def test_bytes_are_in_their_places(
    image: int,
    made: tuple[int, int, list[tuple[int, int]], int],
    content: bytes,
    start: int,
) -> None:
    """By `write` and by `copy` alike, also on a device of devices of devices."""
    offset, size, parts, cut = made
    inner = joined(Area(image=image, offset=offset, size=size), *parts)
    outer = joined(inner, (cut, inner.size - cut), (0, cut))
    content = content[: max(outer.size - start, 0)]
    where = places(outer)
    assert len(where) == outer.size
    expected = bytearray(offset + size)
    for number, byte in enumerate(content):
        expected[where[start + number]] = byte

    for way in ("write", "copy"):
        os.ftruncate(image, 0)
        os.ftruncate(image, offset + size)
        if way == "write":
            outer.write(start, content)
        else:
            with open(os.memfd_create("source"), "w+b", buffering=0) as source:  # noqa: PTH123
                source.write(b"xyz" + content + b"more")
                outer.copy(source.fileno(), 3, 3 + len(content), start)
        assert os.pread(image, offset + size, 0) == expected
        if content:
            assert os.fstat(image).st_size == offset + size


@given(made=devices())
def test_a_device_in_one_piece_has_an_offset(
    image: int, made: tuple[int, int, list[tuple[int, int]], int]
) -> None:
    offset, size, parts, _ = made
    device = joined(Area(image=image, offset=offset, size=size), *parts)
    where = places(device)
    if where == list(range(where[0], where[0] + len(where))):
        assert device.offset == where[0]
    else:
        assert device.offset is None
        assert joined(device, (0, 1)).offset is None  # which nothing needs to know


def test_holes_stay_holes(image: int, tmp_path: Path) -> None:
    mib = 2**20
    os.ftruncate(image, 0)
    os.ftruncate(image, 40 * mib)
    device = joined(Area(image=image, offset=mib, size=39 * mib), (20 * mib, 8 * mib), (0, 8 * mib))
    with (tmp_path / "source").open("w+b", buffering=0) as source:
        os.pwrite(source.fileno(), b"1" * mib, 7 * mib + mib // 2)
        source.truncate(16 * mib)
        device.copy(source.fileno(), 0, 16 * mib, 0)
    assert os.fstat(image).st_blocks * 512 <= 2 * mib
    assert os.pread(image, mib, 28 * mib + mib // 2) == b"1" * (mib // 2) + bytes(mib // 2)
    assert os.pread(image, mib, mib) == b"1" * (mib // 2) + bytes(mib // 2)
