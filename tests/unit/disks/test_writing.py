"""Writing an image, to a file that stands for a disk."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from vmdsl.builder.report.progress import Work
from vmdsl.disks import writing
from vmdsl.disks.disk import Disk
from vmdsl.disks.source import Source
from vmdsl.disks.tables import Table
from vmdsl.disks.writing import fitting_table, half_written, require_fit, write_image
from vmdsl.errors import BuildError, HostError, VmdslError

MIB = 2**20
GARBAGE = b"garbage\n" * (MIB // 8)


class Listener:
    """Notes what it hears. `then` is called when work begins whose summary starts with a word."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.lines: list[str] = []
        self.then: dict[str, Callable[[], object]] = {}

    def started(self, work: Work) -> None:
        self.begun.append(f"{work.number}/{work.total} {work.summary}")
        self.then.get(work.summary.split()[0], bool)()

    def said(self, line: str) -> None:
        self.lines.append(line)
        self.then.get("said", bool)()

    def failed(self, error: VmdslError, terminal: int) -> None:
        raise AssertionError(error, terminal)


class Bench:
    """An image of 8 MiB with data at 0, 2 and 5 MiB, and a disk of 10 MiB with other data."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "disk"
        self.path.write_bytes(GARBAGE * 10)
        self.image = bytearray(8 * MIB)
        for place in (0, 2 * MIB, 5 * MIB + 4096):
            self.image[place : place + 9000] = b"data" * 2250
        source = folder / "pc.img"
        with source.open("wb") as file:
            file.truncate(8 * MIB)
            for place in (0, 2 * MIB, 5 * MIB + 4096):
                os.pwrite(file.fileno(), b"data" * 2250, place)
        self.file = os.open(self.path, os.O_RDWR)
        self.read = os.open(source, os.O_RDONLY)
        self.disk = Disk(name="/dev/sdx", file=self.file, size=10 * MIB)
        self.source = Source(name="pc.img", file=self.read, size=8 * MIB)
        self.listener = Listener()

    def write(self, *, compare: bool = True, table: Table | None = None) -> int:
        return write_image(
            self.source, table or Table(), self.disk, compare=compare, listener=self.listener
        )

    @property
    def content(self) -> bytes:
        return self.path.read_bytes()

    def spoil(self, place: int) -> None:
        os.pwrite(self.file, b"other", place)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    os.close(made.file)
    os.close(made.read)


@pytest.fixture(params=["discards", "does not discard"])
def any_bench(
    bench: Bench, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Bench:
    if request.param != "discards":
        monkeypatch.setattr(writing, "_punch", lambda *_: False)
    return bench


def test_the_disk_has_the_image(any_bench: Bench) -> None:
    """Behind the image its old data stay, but for the end, where a table's copy could be."""
    any_bench.write()
    assert any_bench.content == bytes(any_bench.image) + GARBAGE + bytes(MIB)
    begun = any_bench.listener.begun
    assert begun == ["1/2 write pc.img to /dev/sdx", "2/2 compare /dev/sdx with pc.img"]
    assert any_bench.listener.lines[-1].startswith("100 %")


def test_only_other_data_are_overwritten_where_nothing_is_discarded(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_punch", lambda *_: False)
    assert bench.write() == 8 * MIB
    assert bench.write() < 4 * MIB


def test_parts_of_the_table_are_at_their_places(any_bench: Bench) -> None:
    """Its copy in the image, which is not at the end of the disk, becomes zeros."""
    any_bench.spoil(8 * MIB - 5)
    changed = ((0, b"mbr"), (512, b"header"), (10 * MIB - 512, b"copy"))
    any_bench.write(table=Table(backup=(5 * MIB, 6 * MIB), changed=changed))
    content = any_bench.content
    assert content.startswith(b"mbr")
    assert content[512:518] == b"header"
    assert content[10 * MIB - 512 :].startswith(b"copy")
    assert content[4 * MIB : 8 * MIB] == bytes(4 * MIB)


def test_a_copy_right_behind_the_image(any_bench: Bench) -> None:
    """On a disk that is a little larger, it is where the image has its own."""
    any_bench.disk = replace(any_bench.disk, size=8 * MIB + 4096)
    piece = b"copy" * 4096
    at = 8 * MIB + 4096 - len(piece)
    any_bench.write(table=Table(backup=(at, 8 * MIB), changed=((at, piece),)))
    assert any_bench.content[at:].startswith(piece)


def test_a_small_image(bench: Bench) -> None:
    bench.source = replace(bench.source, size=8192)
    os.truncate(bench.path.with_name("pc.img"), 8192)
    bench.write(table=Table(backup=(4096, 8192), changed=((512, b"header"),)))
    wanted = bytearray(bench.image[:4096]) + bytes(4096)
    wanted[512:518] = b"header"
    assert bench.content == bytes(wanted) + bytes(MIB - 8192) + GARBAGE * 8 + bytes(MIB)


def test_the_table_comes_last(bench: Bench) -> None:
    """Until all is written and compared, the disk has neither end of a table."""
    seen = []
    bench.listener.then["compare"] = lambda: seen.append(bench.content)
    bench.write()
    (content,) = seen
    assert content[:MIB] == bytes(MIB)
    assert content[9 * MIB :] == bytes(MIB)
    assert content[2 * MIB :].startswith(b"data")


def interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("when", ["write", "said", "compare"])
def test_interrupted(bench: Bench, when: str) -> None:
    bench.listener.then[when] = interrupt
    with pytest.raises(KeyboardInterrupt):
        bench.write()
    assert bench.content[:MIB] == bytes(MIB)


@pytest.mark.parametrize("place", [2 * MIB + 7, 5 * MIB + 4097, 3 * MIB + 1])
def test_other_data_are_found(bench: Bench, place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_punch", lambda *_: False)
    bench.listener.then["compare"] = lambda: bench.spoil(place)
    with pytest.raises(BuildError, match=f"other data than were written, at byte {place}"):
        bench.write()
    assert bench.content[:MIB] == bytes(MIB)


def test_without_comparing(bench: Bench) -> None:
    bench.write(compare=False)
    assert bench.content[: 8 * MIB] == bench.image
    assert bench.listener.begun == ["1/1 write pc.img to /dev/sdx"]


@pytest.mark.parametrize(
    ("number", "said", "hint"),
    [
        (errno.EIO, "Input/output error at byte 2097152", "another port, reader or disk"),
        (errno.ENODEV, "it has disappeared", "plug it in"),
    ],
)
def test_the_disk_fails(
    bench: Bench, number: int, said: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.pwrite

    def pwrite(file: int, data: bytes, place: int) -> int:
        if place == 2 * MIB:
            raise OSError(number, os.strerror(number))
        return real(file, data, place)

    monkeypatch.setattr(os, "pwrite", pwrite)
    with pytest.raises(BuildError) as caught:
        bench.write()
    (problem,) = caught.value.problems
    assert problem.what == f"/dev/sdx is not usable now, and has no partition table: {said}"
    assert hint in problem.hint
    assert bench.content[:MIB] == bytes(MIB)


def test_nothing_can_be_written(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def pwrite(*_: object) -> int:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    before = bench.content
    monkeypatch.setattr(os, "pwrite", pwrite)
    with pytest.raises(BuildError) as caught:
        bench.write()
    assert bench.content == before
    (problem,) = caught.value.problems
    assert problem.what == "/dev/sdx cannot be written to: Operation not permitted at byte 0"


def test_the_image_cannot_be_read(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def pieces(*_: object) -> Iterator[tuple[int, bytes]]:
        raise OSError(errno.EIO, "Input/output error")
        yield 0, b""

    monkeypatch.setattr(writing, "pieces", pieces)
    with pytest.raises(BuildError, match=r"pc.img cannot be read: Input/output error"):
        bench.write()


class TestFit:
    def test_it_fits(self, bench: Bench) -> None:
        assert fitting_table(bench.source, bench.disk) == Table()
        require_fit(bench.disk, name="it", size=10 * MIB, sector=512)

    @pytest.mark.parametrize(
        ("size", "sector", "of_disk", "said"),
        [
            (11 * MIB, 512, 512, "too small: it has 10 MiB, and it has 11 MiB"),
            (8 * MIB, 512, 4096, "made for sectors of 512 bytes, and those of /dev/sdx have 4096"),
            (8 * MIB, 4096, 512, "made for sectors of 4096 bytes, and those of /dev/sdx have 512"),
            (8 * MIB + 512, 0, 4096, "made for sectors of 512 bytes"),
        ],
    )
    def test_refused(self, bench: Bench, size: int, sector: int, of_disk: int, said: str) -> None:
        disk = replace(bench.disk, sector=of_disk)
        with pytest.raises(HostError, match=said):
            require_fit(disk, name="it", size=size, sector=sector)


def test_half_written(bench: Bench) -> None:
    (problem,) = half_written(bench.disk, "why").problems
    assert problem.hint == "write to it again"
