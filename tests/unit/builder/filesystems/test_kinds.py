"""Each kind of filesystem is made by the module that has its name."""

from __future__ import annotations

from pathlib import Path

import pytest

import vmdsl
from vmdsl.builder.assemble import kind_of
from vmdsl.builder.filesystems import contents
from vmdsl.builder.filesystems.kinds import Kind, Room
from vmdsl.errors import Where
from vmdsl.language.handles import Filesystem, Partition, traits_of
from vmdsl.language.operation import Origin

EXPORTED = {name: value for name, value in vars(vmdsl).items() if isinstance(value, type)}
KINDS = {
    name: kind
    for name, kind in EXPORTED.items()
    if issubclass(kind, Filesystem) and kind not in {vmdsl.Filesystem, vmdsl.Mountable}
}
ORIGIN = Origin("root", Where(Path("recipe.py")), Path())


@pytest.fixture
def device() -> Partition:
    disk = vmdsl.Disk(size=vmdsl.GiB(1), _origin=ORIGIN)
    table = vmdsl.Gpt(disk=disk, _origin=ORIGIN)
    return Partition(table=table, type="linux", _origin=ORIGIN)


@pytest.mark.parametrize("name", KINDS)
def test_the_builder_has_a_module_for_each_kind(name: str, device: Partition) -> None:
    filesystem = KINDS[name](device=device, _origin=ORIGIN)
    assert isinstance(kind_of(filesystem), Kind)


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_is_described(name: str) -> None:
    kind = KINDS[name]
    assert kind._tools
    assert traits_of(kind).longest_label > 0
    assert hasattr(vmdsl, f"mk{kind.kind}")


@pytest.mark.parametrize("name", [n for n, k in KINDS.items() if issubclass(k, vmdsl.Mountable)])
def test_a_kind_that_holds_files_counts_them(name: str, tmp_path: Path, device: Partition) -> None:
    kind = kind_of(KINDS[name](device=device, _origin=ORIGIN))
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    files = contents.read(tmp_path)
    room = Room(block=4096, free=2**30, available=2**30)
    need = kind.need(files, room)
    assert 100_000 <= need.bytes < 200_000


def tree(top: Path) -> list[contents.File]:
    (top / "b").mkdir()
    (top / "b/file").write_bytes(b"x" * 5000)
    (top / "a").hardlink_to(top / "b/file")
    (top / "c").symlink_to("a")
    with (top / "zeros").open("wb") as stream:
        stream.write(bytes(70_000) + b"x")
        stream.truncate(2**20)
    return contents.read(top)


def test_content_is_read_once(tmp_path: Path) -> None:
    files = tree(tmp_path)
    assert [file.shown for file in files] == ["/", "/a", "/b", "/c", "/zeros"]
    top, a, b, c, zeros = files
    assert list(top.entries) == ["a", "b", "c", "zeros"]
    assert a.names == ["a", "b/file"]
    assert b.entries == {"file": a}
    assert (top.links, a.links, b.links, c.links) == (3, 2, 2, 1)
    assert (top.parent, b.parent, a.parent) == (None, top, top)
    assert [file.is_directory for file in files] == [True, False, True, False, False]
    assert [file.is_symlink for file in files] == [False, False, False, True, False]
    assert [(at, len(piece)) for at, piece in zeros.data(4096)] == [(0, 65536), (65536, 8192)]
    assert (a.blocks(4096), zeros.blocks(4096), zeros.blocks(1024)) == (2, 18, 72)
    assert (a.blocks(65536), zeros.blocks(65536)) == (1, 2)
