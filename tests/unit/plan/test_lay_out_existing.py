"""The layout of disks that start from an image that is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from made_images import DISK, UUID_OF_ROOT, cloud_image
from vmdsl import Disk, Ext2, GiB, KiB, MiB, Partition, Size, existing_filesystem, mkimg, mkpart
from vmdsl.builder.image.table import table_script
from vmdsl.errors import Advice
from vmdsl.language.layout import Layout
from vmdsl.language.operation import Recorder, start_recording
from vmdsl.plan.lay_out import lay_out, with_size


def laid_out(folder: Path, size: Size | None = None, free: Size | None = None) -> Layout:
    """The layout of a disk, from an image with the partitions 14, 15 and 1."""
    (folder / "cloud.raw").write_bytes(cloud_image())
    recorder = Recorder(folder / "r.py", value_of=id, result_of=id, step="it")
    undo = start_recording(recorder)
    disk: Disk = mkimg(size, free=free, from_image="cloud.raw")
    existing_filesystem(disk, 1, Ext2)
    undo()
    layout, problems = lay_out(recorder.operations, recipe="r", seed="")
    assert problems == []
    assert layout is not None
    return layout


def test_all_ids_are_kept(tmp_path: Path) -> None:
    layout = laid_out(tmp_path)
    assert layout.size == 2**18
    assert layout.label_id == str(DISK).upper()
    assert [(p.number, p.start) for p in layout.partitions] == [
        (14, 32 * 2**10),
        (15, 40 * 2**10),
        (1, 104 * 2**10),
    ]
    assert [p.uuid[-2:] for p in layout.partitions] == ["63", "64", "56"]
    assert layout.filesystems[0].uuid == str(UUID_OF_ROOT)
    numbered = [line for line in table_script(layout).splitlines() if "start=" in line]
    assert [line.partition(":")[0] for line in numbered] == ["disk1", "disk14", "disk15"]


def test_the_last_partition_takes_what_is_left(tmp_path: Path) -> None:
    layout = laid_out(tmp_path, GiB(1))
    assert layout.partitions[-1].end == 2**30 - 2**20
    assert [p.size for p in layout.partitions[:2]] == [8 * 2**10, 64 * 2**10]


def test_the_last_partition_grows(tmp_path: Path) -> None:
    """The others are before it, whatever their numbers are."""
    layout = laid_out(tmp_path, free=MiB(10))
    assert [layout.is_open(p) for p in layout.partitions] == [False, False, True]
    assert not any(layout.is_movable(p) for p in layout.partitions)
    grown, problems = with_size(layout, 50 * 2**20)
    assert problems == []
    assert [p.size for p in grown.partitions] == [8 * 2**10, 64 * 2**10, 50 * 2**20]


def test_syslinux_would_not_start(tmp_path: Path) -> None:
    files = {"boot/extlinux/ldlinux.sys": b"code"}
    (tmp_path / "cloud.raw").write_bytes(cloud_image(files=files))
    recorder = Recorder(tmp_path / "r.py", value_of=id, result_of=id, step="it")
    undo = start_recording(recorder)
    existing_filesystem(mkimg(from_image="cloud.raw"), 1, Ext2)
    undo()
    (found,) = recorder.problems
    assert isinstance(found, Advice)
    assert "has SYSLINUX or EXTLINUX" in found.what


@pytest.mark.parametrize("size", [None, KiB(256)])
def test_the_size_may_be_given(tmp_path: Path, size: Size | None) -> None:
    assert [p.size for p in laid_out(tmp_path, size).partitions][-1] == 112 * 2**10


def test_a_partition_that_is_added_has_a_free_number(tmp_path: Path) -> None:
    (tmp_path / "cloud.raw").write_bytes(cloud_image(2**22))
    recorder = Recorder(tmp_path / "r.py", value_of=id, result_of=id, step="it")
    undo = start_recording(recorder)
    disk = mkimg(from_image="cloud.raw")
    root = existing_filesystem(disk, 1, Ext2)
    assert isinstance(root.device, Partition)
    mkpart(root.device.table, size=KiB(100), start=KiB(3 * 2**10 + 4))
    undo()
    layout, problems = lay_out(recorder.operations, recipe="r", seed="")
    assert problems == []
    assert layout is not None
    assert [p.number for p in layout.partitions] == [14, 15, 1, 2]
