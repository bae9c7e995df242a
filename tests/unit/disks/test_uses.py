"""What uses a disk, by what the kernel says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmdsl.disks.uses import Use, uses

SWAPS = "Filename\tType\tSize\tUsed\tPriority\n"


@pytest.fixture
def blocks(tmp_path: Path) -> Path:
    """A disk, sdb, with two partitions; a volume, dm-0, is on the second one. sda is another."""
    devices, blocks = tmp_path / "devices", tmp_path / "blocks"
    blocks.mkdir()
    places = {"8:16": "sdb", "8:17": "sdb/sdb1", "8:18": "sdb/sdb2", "252:0": "dm-0", "8:0": "sda"}
    for number, name in places.items():
        (devices / name / "holders").mkdir(parents=True)
        (devices / name / "dev").write_text(f"{number}\n")
        if "/" in name:
            (devices / name / "partition").write_text("1\n")
        (blocks / number).symlink_to(devices / name)
    return blocks


def hold(blocks: Path) -> None:
    (blocks / "8:18/holders/dm-0").symlink_to(blocks / "252:0")


def found(blocks: Path, mounts: str = "", swaps: str = "") -> list[Use]:
    return uses("8:16", blocks=blocks, mountinfo=mounts, swaps=SWAPS + swaps)


def mounted(number: str, point: str, source: str = "none") -> str:
    return f"30 1 {number} / {point} rw,relatime shared:1 - ext4 {source} rw\n"


def test_nothing(blocks: Path) -> None:
    assert found(blocks, mounted("8:0", "/home")) == []
    assert uses("9:9", blocks=blocks, mountinfo="", swaps="") == []


def test_mounted(blocks: Path) -> None:
    at = mounted("8:17", r"/media/my\040card")
    wanted = Use(what="sdb1 is mounted at /media/my card", remedy="umount '/media/my card'")
    assert found(blocks, mounted("8:0", "/") + at) == [wanted]


def test_a_volume_on_it_is_mounted(blocks: Path) -> None:
    hold(blocks)
    assert found(blocks, mounted("252:0", "/srv")) == [
        Use(what="dm-0 is mounted at /srv", remedy="umount /srv")
    ]


def test_nobody_unmounts_the_system(blocks: Path) -> None:
    (one,) = found(blocks, mounted("8:18", "/"))
    assert one == Use(what="sdb2 is mounted at /, of the system that runs here")


def test_volume(blocks: Path) -> None:
    hold(blocks)
    assert found(blocks) == [Use(what="dm-0 is on sdb2")]


def test_swap_and_a_filesystem_with_a_number_of_its_own(
    blocks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Btrfs has such numbers: its device is known by its name."""
    swap = "/dev/sdb1 partition 65532 0 -2\n/swapfile file 1 0 -3\n"
    with monkeypatch.context() as patch:
        names = [Use(what="sdb1 is swap", remedy="As root: swapoff /dev/sdb1")]
        patch.setattr("vmdsl.disks.uses._number_of", {"/dev/sdb1": "8:17"}.get)
        assert found(blocks, swaps=swap) == names
        assert found(blocks, mounted("0:42", "/data", "/dev/sdb1")) == [
            Use(what="sdb1 is mounted at /data", remedy="umount /data")
        ]
