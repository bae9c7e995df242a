"""The firmware that an image is made for."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from vmdsl import programs
from vmdsl.boot.firmware import find_firmware, find_sector
from vmdsl.boot.machine import Firmware
from vmdsl.errors import HostError, UsageError
from vmdsl.machines import Arch

ESP = UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
PREP = UUID("9e1a2d38-c612-4316-aa26-8b49521e5a8b")
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
        place, first = 2 * sector + 128 * number, mib * (number + 1)
        ends = (first, first + mib - 1)
        struct.pack_into("<16s16xQQ", made, place, kind.bytes_le, *ends)
    for number, type_ in enumerate(mbr):
        struct.pack_into("<4xB3xII", made, 446 + 16 * number, type_, mib * (number + 1), mib)
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


@pytest.mark.parametrize(
    ("name", "arch"),
    [
        ("BOOTX64.EFI", "amd64"),
        ("BOOTIA32.EFI", "i386"),
        ("BOOTAA64.EFI", "arm64"),
        ("bootarm.efi", "armhf"),
        ("BOOTRISCV64.EFI", "riscv64"),
    ],
)
def test_the_boot_loader_says_the_architecture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, arch: str
) -> None:
    Fat(monkeypatch, "fallback.efi", name)
    file = image(tmp_path, disk(gpt=(ESP,)))
    found = find_firmware(file)
    assert (found.firmware, found.arch) == ("uefi", arch)
    assert found.reason == f"it has EFI/BOOT/{name.upper()}"
    secure = find_firmware(file, firmware=Firmware.SECURE_BOOT)
    assert (secure.firmware, secure.arch, secure.reason) == ("secure-boot", arch, "")


def test_of_several_architectures_one_is_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Fat(monkeypatch, "BOOTX64.EFI", "BOOTAA64.EFI")
    file = image(tmp_path, disk(gpt=(ESP,)))
    assert find_firmware(file).arch is Arch.AMD64
    assert find_firmware(file, arch=Arch.ARM64).arch is Arch.ARM64
    with pytest.raises(UsageError, match=r"on armhf: it has EFI/BOOT/BOOTX64\.EFI, which is"):
        find_firmware(file, arch=Arch.ARMHF)


def test_what_is_chosen_is_tried(tmp_path: Path) -> None:
    nothing = image(tmp_path, b"")
    assert find_firmware(nothing, firmware=Firmware.UEFI).arch is Arch.AMD64
    both = find_firmware(nothing, firmware=Firmware.UEFI, arch=Arch.RISCV64)
    assert (both.firmware, both.arch) == ("uefi", "riscv64")


def test_a_bios_starts_an_i386(tmp_path: Path) -> None:
    file = image(tmp_path, disk(b"GRUB"))
    assert find_firmware(file).arch is Arch.AMD64
    assert find_firmware(file, arch=Arch.I386).arch is Arch.I386


@pytest.mark.parametrize("place", [{"gpt": (PREP,)}, {"mbr": (0x41,)}])
def test_open_firmware(tmp_path: Path, place: Any) -> None:
    start = disk(**place)
    found = find_firmware(image(tmp_path, start + b"\x7fELF\1\2\1"))
    assert (found.firmware, found.arch) == ("ieee1275", "ppc64el")
    with pytest.raises(UsageError, match="Nothing in"):
        find_firmware(image(tmp_path, start + bytes(2**20)))


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
    copied = list[str]()

    def run(argv: tuple[str, ...], **_: Any) -> programs.Finished:
        if argv[0] == "mdir":
            return programs.Finished(argv=argv, code=0, output="::/EFI/BOOT/BOOTAA64.EFI\n")
        Path(argv[-1]).write_bytes(disk(gpt=(ESP,)))
        copied.extend(re.findall(r"offset=\d+,size=\d+", " ".join(argv)))
        return programs.Finished(argv=argv, code=0)

    monkeypatch.setattr(programs, "run", run)
    assert find_firmware(image(tmp_path, b"QFI", "a.qcow2")).arch is Arch.ARM64
    assert copied == [f"offset={start},size={2**20}" for start in (0, 2**20)]
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
