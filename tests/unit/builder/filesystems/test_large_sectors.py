"""Filesystems and tables for disks with sectors of 4096 bytes, as their tools make them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from vmdsl import Gpt, MiB, Msdos, Vfat, mkgpt, mkimg, mkmsdos, mkpart, mkvfat
from vmdsl.builder.filesystems.xfs import arguments
from vmdsl.builder.image.table import table_script
from vmdsl.language.handles import Disk, size_limits
from vmdsl.language.operation import Recorder, start_recording
from vmdsl.operations.disk.fat import cluster_of, fat_bits
from vmdsl.plan.lay_out import lay_out


def script(make: Callable[[Disk], Gpt | Msdos]) -> str:
    made = Recorder(Path("/recipes/r.py"), value_of=id, result_of=id, step="parts")
    undo = start_recording(made)
    table = make(mkimg(MiB(64), sector=4096))
    mkpart(table, size=MiB(3))
    mkpart(table)
    undo()
    layout, _ = lay_out(made.operations, recipe="r", seed="")
    assert layout is not None
    return table_script(layout)


def test_a_table_counts_in_sectors_of_the_disk() -> None:
    for make, end in ((mkgpt, 63), (mkmsdos, 64)):
        lines = script(make).splitlines()
        assert "sector-size: 4096" in lines
        assert [line.partition(", type")[0] for line in lines if "start=" in line] == [
            "start=256, size=768",
            f"start=1024, size={(end - 4) * 256}",
        ]


def test_a_fat_has_enough_clusters() -> None:
    """mkfs.vfat would take four sectors for a cluster, of which a FAT16 has too few.

    mtools reads no FAT32 of fewer clusters than the specification asks for.
    """
    made = Recorder(Path("/recipes/r.py"), value_of=id, result_of=id, step="parts")
    undo = start_recording(made)
    small, large = (mkgpt(mkimg(MiB(64), sector=sector)) for sector in (512, 4096))
    fats: list[Vfat] = [mkvfat(mkpart(table)) for table in (small, large)]
    undo()
    sizes = (16, 17, 259, 260)
    assert [fat_bits(MiB(n).bytes, 4096) for n in sizes] == [12, 16, 16, 32]
    assert [cluster_of(fat, MiB(20).bytes) for fat in fats] == [None, 4096]
    assert [cluster_of(fats[1], MiB(n).bytes) for n in (16, 200, 300)] == [None, None, None]
    assert size_limits(replace(fats[1], fat=32), MiB(100).bytes).least == 65525 * 4096
    assert size_limits(replace(fats[0], fat=32), MiB(100).bytes).least == 0


def test_xfs_has_the_sectors_of_the_disk() -> None:
    assert "size=4096" in arguments((), "1-2", 4096)
    assert "size=512" in arguments((), "1-2")
    assert "size=8192" in arguments(("-s", "size=8192"), "1-2", 4096)
