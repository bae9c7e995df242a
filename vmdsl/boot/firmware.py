"""Finds the firmware that an image is made for, from its partition table and its content."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from vmdsl import programs
from vmdsl.boot.machine import Firmware
from vmdsl.builder.image.formats import RAW, format_of
from vmdsl.errors import HostError, Problem, UsageError
from vmdsl.machines import Arch
from vmdsl.values import SECTOR

#: The sectors of UFS and 4Kn disks.
_LARGE = 4096
_GPT = b"EFI PART"
#: What holds the table of an MBR, or that of a GPT with 128 entries.
_ENOUGH = 2**20
_CODE_SIZE = 440
_ELF = b"\x7fELF"
#: The types that firmware looks for, in a GPT and in an MBR.
_ESP, _PREP = "esp", "prep"
_GPT_TYPES = {
    UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b"): _ESP,
    UUID("9e1a2d38-c612-4316-aa26-8b49521e5a8b"): _PREP,
}
_MBR_TYPES = {0xEF: _ESP, 0x41: _PREP}
_BOOT_FILES = {f"BOOT{efi.suffix}.EFI".upper(): arch for arch in Arch if (efi := arch.traits.efi)}
#: A machine with Open Firmware that starts GRUB for any POWER.
_POWER = Arch.PPC64EL


@dataclass(frozen=True, kw_only=True)
class Found:
    """The firmware that starts an image, its architecture, and the reasons in words.

    The reasons are empty if somebody chose it. `sector` is the size of the sectors of the disk that
    it is made for, in bytes.
    """

    firmware: Firmware
    arch: Arch
    reason: str = ""
    sector: int = SECTOR


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A partition that firmware looks for. Where it starts and its size are in bytes."""

    type: str
    start: int
    size: int


def find_firmware(
    image: Path, *, firmware: Firmware | None = None, arch: Arch | None = None
) -> Found:
    """Return the firmware and the architecture that an image is made for, unless they are given.

    Of BIOS and UEFI it returns BIOS, which needs no package. Raises UsageError if nothing in the
    image can be started.
    """
    if firmware and arch:
        return Found(firmware=firmware, arch=arch, sector=find_sector(image))
    others = list[Found]()
    for way in _ways(image):
        if firmware in {None, way.firmware} and arch in {None, way.arch}:
            return replace(way, reason="") if firmware else way
        others.append(way)
    if firmware:  # which somebody wants to try
        wanted_arch = others[0].arch if others else Arch.AMD64
        return Found(firmware=firmware, arch=wanted_arch, sector=find_sector(image))
    wanted = f" on {arch}" if arch else ""
    what = f"Nothing in {image} starts{wanted}: it has neither boot code nor a boot loader for UEFI"
    if others:
        what = (
            f"Nothing in {image} starts{wanted}: {others[0].reason}, which is for {others[0].arch}"
        )
    raise UsageError(
        Problem(
            what=f"{what}.",
            hint="a recipe ends with a boot loader: grub_uefi(); "
            "--firmware uefi tries it nevertheless",
            code="nothing-to-boot",
        )
    )


def find_sector(image: Path) -> int:
    """Return the size in bytes of the sectors that an image is made for: 512 or 4096.

    If the image cannot be read, return the usual one: QEMU will report that.
    """
    try:
        return _sector_in(image, _read(image, 0, _ENOUGH))
    except (HostError, UsageError):
        return SECTOR


def _ways(image: Path) -> Iterator[Found]:
    """Yield the ways to start an image, the best first."""
    start = _read(image, 0, _ENOUGH)
    sector = _sector_in(image, start)
    code = start[:_CODE_SIZE] if start[510:512] == b"\x55\xaa" else b""
    if b"GRUB" in code:
        yield from _ways_of_pc("the disk starts with GRUB's boot code")
    places = list(_places(start, sector))
    for place in places:
        if place.type == _ESP:
            for way in _ways_of_esp(image, place):
                yield replace(way, sector=sector)
    for place in places:
        if place.type == _PREP and _read(image, place.start, len(_ELF)) == _ELF:
            reason = "it has GRUB in a PReP partition"
            yield Found(firmware=Firmware.IEEE1275, arch=_POWER, reason=reason, sector=sector)
    if any(code) and b"GRUB" not in code:
        yield from _ways_of_pc("the disk starts with boot code")


def _ways_of_pc(reason: str) -> Iterator[Found]:
    """Yield those with a BIOS, which starts the same on 32 bits."""
    for arch in (Arch.AMD64, Arch.I386):
        yield Found(firmware=Firmware.BIOS, arch=arch, reason=reason)


def _ways_of_esp(image: Path, place: _Place) -> Iterator[Found]:
    names = _boot_files(image, place)
    if names is None:
        reason = "it has an EFI system partition"
        yield Found(firmware=Firmware.UEFI, arch=Arch.AMD64, reason=reason)
    for name, arch in _BOOT_FILES.items():
        if name in (names or ()):
            reason = f"it has EFI/BOOT/{name}"
            yield Found(firmware=Firmware.UEFI, arch=arch, reason=reason)


def _sector_in(image: Path, start: bytes) -> int:
    """Return the size of sectors that the table at the start of an image counts in.

    A GPT is at the second sector. An MBR does not say, but the FAT that firmware reads does.
    """
    if start[SECTOR:].startswith(_GPT):
        return SECTOR
    esps = (first for type_, first, _ in _in_mbr(start) if type_ == _ESP)
    fats = (_read(image, _LARGE * first, _LARGE)[11:13] for first in esps)
    if start[_LARGE:].startswith(_GPT) or _LARGE.to_bytes(2, "little") in fats:
        return _LARGE
    return SECTOR


def _read(image: Path, start: int, size: int) -> bytes:
    """Return bytes of the disk in an image."""
    if format_of(image) is RAW:
        with image.open("rb") as file:
            file.seek(start)
            return file.read(size)
    with tempfile.TemporaryDirectory() as folder:
        return _copy(image, start, size, Path(folder)).read_bytes()[:size]


def _copy(image: Path, start: int, size: int, folder: Path) -> Path:
    """Copy a part of the disk in an image that is not raw to a file of its own."""
    part = folder / "part"
    name = str(image.absolute()).replace(",", ",,")  # QEMU reads it as a comma
    whole = -(-size // SECTOR) * SECTOR
    part_of = f"driver=raw,offset={start},size={whole}"
    source = f"{part_of},file.driver={format_of(image).name},file.file.filename={name}"
    command = ("qemu-img", "convert", "--image-opts", source, "-O", "raw", str(part))
    try:
        done = programs.run(command)
    except FileNotFoundError:
        hint = f"{programs.apt_get_install(('qemu-utils',))}; or give --firmware and --arch"
        what = f"vmdsl cannot look into {image} for the firmware: qemu-img is missing."
        raise HostError(Problem(what=what, hint=hint, code="missing-program")) from None
    if not done.ok:
        raise UsageError(
            f"qemu-img cannot read {image}: {done.output.strip()}", code="nothing-to-boot"
        )
    return part


def _places(start: bytes, sector: int) -> Iterator[_Place]:
    """Yield the partitions of a disk that firmware looks for."""
    is_gpt = start[sector:].startswith(_GPT)
    for type_, first, count in _in_gpt(start, sector) if is_gpt else _in_mbr(start):
        yield _Place(type=type_, start=first * sector, size=count * sector)


def _in_gpt(start: bytes, sector: int) -> Iterator[tuple[str, int, int]]:
    header = start[sector : sector + 92]
    (table,) = struct.unpack_from("<Q", header, 72)
    count, size = struct.unpack_from("<II", header, 80)
    for number in range(min(count, 128)):
        entry = start[table * sector + number * size :][:48]
        if len(entry) == 48 and (type_ := _GPT_TYPES.get(UUID(bytes_le=entry[:16]))):  # noqa: PLR2004
            first, last = struct.unpack_from("<QQ", entry, 32)
            yield type_, first, last + 1 - first


def _in_mbr(start: bytes) -> Iterator[tuple[str, int, int]]:
    for number in range(4):
        entry = start[446 + 16 * number :][:16]
        if len(entry) == 16 and (type_ := _MBR_TYPES.get(entry[4])):  # noqa: PLR2004
            yield type_, *struct.unpack_from("<II", entry, 8)


def _boot_files(image: Path, place: _Place) -> list[str] | None:
    """Return the names in EFI/BOOT of a FAT, in capitals; None if they cannot be listed."""
    if format_of(image) is RAW:
        return _list_boot_files(f"{image}@@{place.start}")
    with tempfile.TemporaryDirectory() as folder:
        return _list_boot_files(str(_copy(image, place.start, place.size, Path(folder))))


def _list_boot_files(fat: str) -> list[str] | None:
    env = programs.environment({"MTOOLSRC": "/dev/null", "MTOOLS_SKIP_CHECK": "1"})
    try:
        done = programs.run(("mdir", "-b", "-i", fat, "::/EFI/BOOT"), env=env)
    except FileNotFoundError:
        return None
    return [line.rpartition("/")[2].upper() for line in done.output.splitlines()] if done.ok else []
