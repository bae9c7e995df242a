"""What scripts write to the image before it is made, without a script."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vmdsl import MiB, mkgpt, mkimg, mkmsdos, mkpart
from vmdsl.builder.image import decoys
from vmdsl.builder.image.decoys import Decoys
from vmdsl.errors import BuildError
from vmdsl.language.layout import Layout, table_spans
from vmdsl.language.operation import Recorder, start_recording
from vmdsl.plan.lay_out import lay_out

MIB = 2**20
SIZE = 32 * MIB


@pytest.fixture(params=[mkgpt, mkmsdos])
def layout(request: pytest.FixtureRequest) -> Layout:
    """A partition from 4 MiB to 8 MiB, and one from 16 MiB to the end."""
    recorder = Recorder(Path("/r.py"), value_of=id, result_of=id, step="parts", line=3)
    undo = start_recording(recorder)
    table = request.param(mkimg(MiB(32)))
    mkpart(table, start=MiB(4), size=MiB(4))
    mkpart(table, start=MiB(16))
    undo()
    made, problems = lay_out(recorder.operations, recipe="r", seed="")
    assert problems == []
    assert made is not None
    return made


@pytest.fixture
def lend(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[Path], object]], None]:
    """Lends a file whose table is of ones to a function."""

    def write_table(file: int, layout: Layout, **_: Any) -> None:
        os.ftruncate(file, layout.size)
        for span in table_spans(layout):
            os.pwrite(file, b"\1" * (span.end - span.start), span.start)

    monkeypatch.setattr(decoys, "write_table", write_table)
    monkeypatch.setattr(decoys, "end_everything", lambda: None)
    lender = Decoys(tmp_path, -1)

    def use(function: Callable[[Path], object]) -> None:
        with lender.lend(layout.disk, layout, 0) as path:
            function(path)

    use.lender = lender  # type: ignore[attr-defined]
    return use


def put(*pieces: tuple[int, bytes]) -> Callable[[Path], object]:
    """What writes pieces to offsets, as dd does with conv=notrunc."""

    def write(path: Path) -> None:
        with path.open("r+b") as file:
            for offset, content in pieces:
                file.seek(offset)
                file.write(content)

    return write


def image_of(lend: Any, tmp_path: Path) -> tuple[bytes, list[tuple[int, int]]]:
    with (tmp_path / "final").open("w+b") as file:
        file.truncate(SIZE)
        spans = lend.lender.copy_to(file.fileno())
    return (tmp_path / "final").read_bytes(), [(s.start, s.end) for s in spans]


def test_what_is_between_partitions_is_kept(lend: Any, tmp_path: Path) -> None:
    loader = b"L" * 5000 + bytes(2 * MIB) + b"L"
    lend(put((64 * 1024, loader), (100, b"boot")))
    lend(put((8 * MIB, b"first"), (16 * MIB - 4, b"last")))
    lend(lambda _: None)
    image, spans = image_of(lend, tmp_path)
    assert spans == [
        (100, 104),
        (64 * 1024, 64 * 1024 + len(loader)),
        (8 * MIB, 8 * MIB + 5),
        (16 * MIB - 4, 16 * MIB),
    ]
    expected = bytearray(SIZE)
    expected[100:104] = b"boot"
    expected[64 * 1024 : 64 * 1024 + len(loader)] = loader
    expected[8 * MIB : 8 * MIB + 5] = b"first"
    expected[16 * MIB - 4 : 16 * MIB] = b"last"
    assert image == expected
    assert not list(tmp_path.glob("image-*"))


def test_zeros_are_nothing(lend: Any, tmp_path: Path) -> None:
    lend(put((MIB, bytes(3 * MIB)), (5 * MIB, bytes(10))))
    lend(put((2 * MIB, b"x")))
    assert image_of(lend, tmp_path)[1] == [(2 * MIB, 2 * MIB + 1)]


@pytest.mark.parametrize(
    ("function", "what", "hint"),
    [
        (
            put((5 * MIB + 7, b"x")),
            f"byte {5 * MIB + 7} of the image, where the partition",
            "$ROOT",
        ),
        (put((4 * MIB - 2, b"xyz")), f"byte {4 * MIB} of the image, where the partition", "$ROOT"),
        (put((SIZE // 2, b"x")), f"byte {SIZE // 2} of the image, where the partition", "$ROOT"),
        (put((450, b"x")), "byte 450 of the image, where the partition table (", "partitions say"),
        (put((SIZE, b"x")), f"{SIZE + 1} bytes large, which is one of {SIZE} bytes", "before"),
        (lambda path: path.write_bytes(b"x"), f"1 bytes large, which is one of {SIZE}", "notrunc"),
        (Path.unlink, "removed $IMAGE", "in place"),
        (lambda path: path.replace(path.with_name("kept")), "removed $IMAGE", "in place"),
        (lambda path: (path.unlink(), path.mkdir()), "removed $IMAGE", "in place"),
        (
            lambda path: path.symlink_to(path.rename(path.with_name("kept"))),
            "removed $IMAGE",
            "in place",
        ),
    ],
)
def test_what_a_script_may_not_do(lend: Any, function: Any, what: str, hint: str) -> None:
    with pytest.raises(BuildError) as caught:
        lend(function)
    (problem,) = caught.value.problems
    assert what in problem.what
    assert hint in problem.hint


def test_all_that_was_touched_is_told(lend: Any) -> None:
    with pytest.raises(BuildError) as caught:
        lend(put((440, b"xy"), (4 * MIB, b"x"), (20 * MIB, b"x")))
    assert len(caught.value.problems) == 3


def test_nothing_is_written_twice(lend: Any) -> None:
    lend(put((64 * 1024, b"x" * 5000)))
    lend(put((64 * 1024 - 1, b"x")))
    with pytest.raises(BuildError) as caught:
        lend(put((64 * 1024 + 4999, b"y")))
    (problem,) = caught.value.problems
    assert problem.what == (
        "the bytes that it wrote to the image are where what /r.py:3 wrote is: bytes 65536 to 70536"
    )


def test_a_script_that_fails_is_not_looked_at(lend: Any, tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        path.unlink()
        raise BuildError("its own")

    with pytest.raises(BuildError, match="its own"):
        lend(fail)
    assert image_of(lend, tmp_path)[1] == []


@pytest.mark.parametrize("layout", [mkgpt], indirect=True)
def test_a_gpt_has_a_copy(lend: Any) -> None:
    with pytest.raises(BuildError, match=r"where the partition table \(GPT\) is"):
        lend(put((512, b"x")))
    with pytest.raises(BuildError, match="the copy of the partition table"):
        lend(put((SIZE - 512, b"x")))
