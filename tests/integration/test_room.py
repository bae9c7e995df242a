"""What content needs, as it is counted, beside what the tools take for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from vmdsl import mkext2, mkext3, mkext4, mkvfat, mkxfs
from vmdsl.builder.assemble import kind_of
from vmdsl.builder.filesystems.contents import read
from vmdsl.builder.filesystems.room import room_of_empty, shortage
from vmdsl.builder.filesystems.target import Target
from vmdsl.errors import BuildError
from vmdsl.language.handles import Filesystem, Partition

pytestmark = pytest.mark.integration

MIB = 2**20
Make = Callable[[Callable[[Partition], Filesystem], int], Target]


def plain(folder: Path) -> None:
    """Files of all sizes around those of blocks, in many directories, with long names."""
    chance = Random(7)  # noqa: S311 (the same files each time)
    for number in range(600):
        place = folder / f"a directory {number % 37}" / str(number % 3)
        place.mkdir(parents=True, exist_ok=True)
        size = chance.choice([0, 1, 511, 512, 513, 2048, 4095, 4096, 4097, 8192, 60000])
        (place / f"no {number}{'x' * chance.randrange(120)}").write_bytes(chance.randbytes(size))
    (folder / "large").write_bytes(chance.randbytes(9 * MIB))


def odd(folder: Path) -> None:
    """What takes less than it seems to, or more."""
    plain(folder)
    (folder / "zeros").write_bytes(bytes(5 * MIB))
    (folder / "half").write_bytes((b"x" + bytes(8191)) * 100 + bytes(5000))
    with (folder / "hole").open("wb") as stream:
        stream.truncate(50 * MIB)
        for place in (0, 20 * MIB - 1, 41 * MIB + 12288):
            stream.seek(place)
            stream.write(b"data")
    (folder / "again").hardlink_to(folder / "large")
    for length in (1, 59, 60, 1000):
        (folder / f"link{length}").symlink_to("x" * length)
    os.link(folder / "link1000", folder / "link again", follow_symlinks=False)
    os.mkfifo(folder / "fifo")
    os.link(folder / "fifo", folder / "fifo again")
    os.setxattr(folder / "large", "user.long", b"v" * 3000)


def small_names(folder: Path) -> None:
    """Names that FAT holds as they are."""
    for number in range(100):
        (folder / f"FILE{number}.TXT").write_bytes(b"x" * number * 99)


CONTENTS = [
    (mkext2, 60, odd),
    (mkext3, 60, odd),
    (mkext4, 60, odd),
    (mkext4, 2000, plain),
    (mkxfs, 300, plain),
    (mkxfs, 400, odd),
    (mkvfat, 60, plain),
    (mkvfat, 70, plain),
    (mkvfat, 500, plain),
    (mkvfat, 4, small_names),
]


@pytest.mark.parametrize(("format_", "size", "fill"), CONTENTS)
def test_need_is_what_is_taken_but_never_more(
    target_of: Make,
    tmp_path: Path,
    format_: Callable[[Partition], Filesystem],
    size: int,
    fill: Callable[[Path], None],
) -> None:
    content = tmp_path / "content"
    content.mkdir()
    fill(content)
    target = target_of(format_, size * MIB)
    kind = kind_of(target.filesystem.filesystem)
    empty = room_of_empty(kind, target, target.size)
    need = kind.need(read(content), empty)
    full = kind.make(target, content)
    taken = empty.free - full.free
    assert 0 <= taken - need.bytes <= taken / 100 + 2 * empty.block
    assert empty.available - full.available == taken
    if full.files is not None and target.filesystem.filesystem.kind != "vfat":
        assert empty.files is not None
        assert need.files == empty.files - full.files


@pytest.mark.parametrize(("format_", "fill"), [(mkext4, odd), (mkext2, plain), (mkvfat, plain)])
def test_what_fits_is_not_refused(
    target_of: Make,
    tmp_path: Path,
    format_: Callable[[Partition], Filesystem],
    fill: Callable[[Path], None],
) -> None:
    """Between what the tools can't make and what they can there is no size that is refused."""
    content = tmp_path / "content"
    content.mkdir()
    fill(content)
    step = 64 * 1024
    too_small, enough = 4 * MIB // step, 80 * MIB // step
    while enough - too_small > 1:
        middle = (too_small + enough) // 2
        target = target_of(format_, middle * step)
        try:
            kind_of(target.filesystem.filesystem).make(target, content)
        except BuildError as error:
            assert "its content does not fit into" in str(error)  # noqa: PT017 (one of many)
            too_small = middle
        else:
            enough = middle
    target = target_of(format_, enough * step)
    kind = kind_of(target.filesystem.filesystem)
    assert shortage(kind, target, content) is None
    assert shortage(kind, target_of(format_, enough * 9 // 10 * step), content) is not None
