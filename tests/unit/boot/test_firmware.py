"""The firmware that an image is made for."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from vmdsl import programs
from vmdsl.boot.firmware import find_firmware, find_sector
from vmdsl.errors import HostError, UsageError

ESP = UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
LINUX = UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")


def disk(
    code: bytes = b"",
    *,
    gpt: tuple[UUID, ...] = (),
    mbr: tuple[int, ...] = (),
    sector: int = 512,
) -> bytes:
    """The first MiB of a disk, with partitions at each MiB."""
    made, mib = bytearray(2**20), 2**20 // sector
    made[: len(code)] = code
    made[510:512] = b"\x55\xaa"
    if gpt:
        struct.pack_into("<8s64xQII", made, sector, b"EFI PART", 2, 128, 128)
    for number, kind in enumerate(gpt):
        place = 2 * sector + 128 * number
        struct.pack_into("<16s16xQ", made, place, kind.bytes_le, mib * (number + 1))
    for number, type_ in enumerate(mbr):
        struct.pack_into("<4xB3xI", made, 446 + 16 * number, type_, mib * (number + 1))
    return bytes(made)


class Fat:
    """A FAT at an offset, as mdir lists its EFI/BOOT."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *names: str, code: int = 0) -> None:
        self.asked: list[str] = []
        self.output = "".join(f"::/EFI/BOOT/{name}\n" for name in names)
        self.code = code
        monkeypatch.setattr(programs, "run", self.run)

    def run(self, argv: tuple[str, ...], **_: Any) -> programs.Finished:
        self.asked.append(" ".join(argv))
        return programs.Finished(argv=argv, code=self.code, output=self.output)


def image(folder: Path, content: bytes, name: str = "a.img") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize(
    "content",
    [
        disk(b"\xeb\x63" + b"GRUB \0"),
        disk(b"GRUB", gpt=(LINUX, ESP)),  # it boots with both
        disk(b"\xfa some other boot code", mbr=(0x83,)),
    ],
)
def test_bios(tmp_path: Path, content: bytes) -> None:
    assert find_firmware(image(tmp_path, content)).firmware == "bios"


@pytest.mark.parametrize(
    "content", [disk(gpt=(LINUX, ESP)), disk(mbr=(0x83, 0xEF)), disk(b"\xfa parted", mbr=(7, 0xEF))]
)
def test_uefi(tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    fat = Fat(monkeypatch, "BOOTX64.EFI", "grubx64.efi")
    file = image(tmp_path, content)
    assert find_firmware(file).firmware == "uefi"
    assert fat.asked == [f"mdir -b -i {file}@@{2 * 2**20} ::/EFI/BOOT"]


def test_boot_code_counts_where_the_esp_has_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Fat(monkeypatch, code=1)
    assert find_firmware(image(tmp_path, disk(b"code", gpt=(ESP,)))).firmware == "bios"


def test_nothing_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Fat(monkeypatch, code=1)
    for content in (b"", b"text", disk(), disk(gpt=(ESP,)), disk(gpt=(LINUX,)), disk(mbr=(0x83,))):
        with pytest.raises(UsageError, match=r"Nothing in .* starts: it has neither boot code"):
            find_firmware(image(tmp_path, content))


def test_another_architecture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Fat(monkeypatch, "BOOTAA64.EFI")
    with pytest.raises(UsageError, match="is for arm64: it has EFI/BOOT/BOOTAA64"):
        find_firmware(image(tmp_path, disk(gpt=(ESP,))))


def test_a_machine_without_mtools_trusts_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object, **__: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(programs, "run", missing)
    assert find_firmware(image(tmp_path, disk(gpt=(ESP,)))).firmware == "uefi"
    with pytest.raises(HostError, match="qemu-img is missing"):
        find_firmware(image(tmp_path, b"QFI", "a.qcow2"))


def test_other_formats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def convert(argv: tuple[str, ...], **_: Any) -> programs.Finished:
        Path(argv[-1]).write_bytes(disk(gpt=(ESP,)))
        return programs.Finished(argv=argv, code=0)

    monkeypatch.setattr(programs, "run", convert)
    assert find_firmware(image(tmp_path, b"QFI", "a.qcow2")).firmware == "uefi"
    broken = programs.Finished(argv=(), code=1, output="not in qcow2 format\n")
    monkeypatch.setattr(programs, "run", lambda *_, **__: broken)
    with pytest.raises(UsageError, match="not in qcow2 format"):
        find_firmware(image(tmp_path, b"x", "a.qcow2"))


def test_sectors_of_a_gpt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fat = Fat(monkeypatch, "BOOTX64.EFI")
    file = image(tmp_path, disk(gpt=(LINUX, ESP), sector=4096))
    found = find_firmware(file)
    assert (found.firmware, found.sector, find_sector(file)) == ("uefi", 4096, 4096)
    assert fat.asked == [f"mdir -b -i {file}@@{2 * 2**20} ::/EFI/BOOT"]
    assert find_sector(image(tmp_path, disk(gpt=(ESP,)))) == 512


def test_sectors_of_an_mbr_are_those_of_the_fat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fat = Fat(monkeypatch, "BOOTX64.EFI")
    for sector in (512, 4096):
        boot = b"\xeb\x58\x90mkfs.fat" + sector.to_bytes(2, "little")
        content = disk(mbr=(0xEF,), sector=sector) + boot.ljust(512, b"\0")
        file = image(tmp_path, content, f"{sector}.img")
        assert find_sector(file) == find_firmware(file).sector == sector
    assert fat.asked == [
        f"mdir -b -i {tmp_path}/{sector}.img@@{2**20} ::/EFI/BOOT" for sector in (512, 4096)
    ]


def test_sectors_of_what_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = programs.Finished(argv=(), code=1, output="not in qcow2 format\n")
    monkeypatch.setattr(programs, "run", lambda *_, **__: broken)
    assert find_sector(image(tmp_path, b"x", "a.qcow2")) == 512
