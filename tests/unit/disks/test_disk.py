"""Disks that are none, or may not be written to, as far as no disk is needed to find out."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from vmdsl.disks import disk
from vmdsl.disks.disk import claimed_disk, require_disk
from vmdsl.errors import HostError, UsageError, VmdslError


def refused(path: Path, kind: type[VmdslError] = UsageError) -> tuple[str, str]:
    with pytest.raises(kind) as caught, claimed_disk(path):
        pass
    (problem,) = caught.value.problems
    return problem.what, problem.hint


@pytest.fixture
def blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the kernel says of disks: of sdb, and of its partition."""
    monkeypatch.setattr(disk, "_BLOCKS", tmp_path)
    for number, name in (("8:16", "sdb"), ("8:17", "sdb/sdb1")):
        place = tmp_path / "devices" / name
        place.mkdir(parents=True)
        (place / "dev").write_text(f"{number}\n")
        (tmp_path / number).symlink_to(place)
    (tmp_path / "8:17/partition").write_text("1\n")
    return tmp_path


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """/dev/sdb and /dev/sdb1 are there; the error with that number is the answer to their opening.

    There is none: they are a file then, of 3 MiB.
    """
    numbers: list[int] = []
    real_stat, real_open = Path.stat, os.open

    def status(path: Path) -> os.stat_result:
        if not str(path).startswith("/dev/sdb"):
            return real_stat(path)
        about = list(real_stat(Path("/dev/null")))
        about[stat.ST_MODE] = stat.S_IFBLK | 0o660
        number = os.makedev(8, 17 if path.name == "sdb1" else 16)
        return os.stat_result(about, {"st_rdev": number})

    def open_(path: Path, flags: int) -> int:
        assert str(path) == "/dev/sdb"
        assert flags & os.O_EXCL
        if numbers:
            raise OSError(numbers[0], os.strerror(numbers[0]))
        return real_open("/dev/null", os.O_RDWR)

    monkeypatch.setattr(Path, "stat", status)
    monkeypatch.setattr("vmdsl.disks.disk.os.open", open_)
    return numbers


@pytest.mark.parametrize("name", ["/dev/no-such-disk", "/dev/null/disk"])
def test_missing(name: str) -> None:
    what, hint = refused(Path(name))
    assert what == f"there is no disk {name}"
    assert "lsblk" in hint


@pytest.mark.parametrize("name", ["/dev/null", "/dev"])
def test_something_else(name: str) -> None:
    assert refused(Path(name))[0] == f"{name} is not a disk"


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "pc.img"
    file.touch()
    what, hint = refused(file)
    assert what == f"{file} is a file, not a disk"
    assert hint.endswith(f"vmdsl build RECIPE --output {file}")


@pytest.mark.usefixtures("blocks", "opened")
def test_a_partition() -> None:
    what, hint = refused(Path("/dev/sdb1"))
    assert what == "/dev/sdb1 is a partition, and an image is that of a whole disk"
    assert hint.endswith(" /dev/sdb")
    require_disk(Path("/dev/sdb"))


@pytest.mark.usefixtures("opened")
def test_read_only(blocks: Path) -> None:
    (blocks / "8:16/ro").write_text("1\n")
    what, hint = refused(Path("/dev/sdb"), HostError)
    assert what == "/dev/sdb is read-only"
    assert "switch" in hint


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize(
    ("number", "what", "hint"),
    [
        (errno.EACCES, "cannot be opened for writing: Permission denied", "As root: chown "),
        (errno.ENOMEDIUM, "is empty", "put the card into its reader"),
        (errno.EIO, "cannot be opened for writing: Input/output error", ""),
        (errno.EBUSY, "is in use", "something has claimed it"),
    ],
)
def test_not_opened(opened: list[int], number: int, what: str, hint: str) -> None:
    opened.append(number)
    found, hinted = refused(Path("/dev/sdb"), HostError)
    assert found == f"/dev/sdb {what}"
    assert hint in hinted


@pytest.mark.usefixtures("blocks", "opened")
def test_no_card() -> None:
    assert refused(Path("/dev/sdb"), HostError)[0] == "/dev/sdb is empty"
