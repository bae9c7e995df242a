"""Finds the firmware and the disk that an image is made for, from its table and its content."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
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
_ESP = UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
_ESP_IN_MBR = 0xEF
_FIRMWARE = "--firmware uefi tries it nevertheless"
_BOOT_FILES = {f"BOOT{efi.suffix}.EFI".upper(): arch for arch in Arch if (efi := arch.traits.efi)}
#: Those that `vmdsl boot` runs: a PC.
_RUNS = (Arch.AMD64,)


@dataclass(frozen=True, kw_only=True)
class Found:
    """The firmware that starts an image, and the reason in words; empty if somebody chose it.

    `sector` is the size of the sectors of the disk that it is made for, in bytes.
    """

    firmware: Firmware
    reason: str = ""
    sector: int = SECTOR


def find_firmware(image: Path) -> Found:
    """Return the firmware that an image is made for; of both, BIOS, which needs no package.

    Raises UsageError if nothing in the image can be started.
    """
    start = _block(image, _ENOUGH)
    sector = _sector_in(image, start)
    code = start[:_CODE_SIZE] if start[510:512] == b"\x55\xaa" else b""
    if b"GRUB" in code:
        return Found(firmware=Firmware.BIOS, reason="the disk starts with GRUB's boot code")
    others: list[str] = []
    for offset in _esps(start, sector):
        names = _boot_files(image, offset)
        if names is None or any(_BOOT_FILES.get(name) in _RUNS for name in names):
            reason = "it has an EFI system partition"
            return Found(firmware=Firmware.UEFI, reason=reason, sector=sector)
        others += [name for name in names if name in _BOOT_FILES]
    if any(code):
        return Found(firmware=Firmware.BIOS, reason="the disk starts with boot code")
    if others:
        what = f"{image} is for {_BOOT_FILES[others[0]]}: it has EFI/BOOT/{others[0]}."
        raise UsageError(
            Problem(
                what=what, hint="vmdsl boot runs a PC: build it for amd64", code="nothing-to-boot"
            )
        )
    what = f"Nothing in {image} starts: it has neither boot code nor EFI/BOOT/BOOTX64.EFI."
    raise UsageError(
        Problem(
            what=what,
            hint=f"a recipe ends with a boot loader: grub_bios(); {_FIRMWARE}",
            code="nothing-to-boot",
        )
    )


def find_sector(image: Path) -> int:
    """Return the size in bytes of the sectors that an image is made for: 512 or 4096.

    If the image cannot be read, return the usual one: QEMU will report that.
    """
    try:
        return _sector_in(image, _block(image, _ENOUGH))
    except (HostError, UsageError):
        return SECTOR


def _sector_in(image: Path, start: bytes) -> int:
    """Return the size of sectors that the table at the start of an image counts in.

    A GPT is at the second sector. An MBR does not say, but the FAT that firmware reads does.
    """
    if start[SECTOR:].startswith(_GPT):
        return SECTOR
    fats = (_block(image, _LARGE, number)[11:13] for number in _esps_of_mbr(start))
    if start[_LARGE:].startswith(_GPT) or _LARGE.to_bytes(2, "little") in fats:
        return _LARGE
    return SECTOR


def _block(image: Path, size: int, number: int = 0) -> bytes:
    """Return a block of the disk in an image, by its number: the first one, if not given."""
    form = format_of(image)
    if form is RAW:
        with image.open("rb") as file:
            file.seek(size * number)
            return file.read(size)
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "start"
        name = str(image.absolute()).replace(",", ",,")  # QEMU reads it as a comma
        part_of = f"driver=raw,offset={size * number},size={size}"
        source = f"{part_of},file.driver={form.name},file.file.filename={name}"
        command = ("qemu-img", "convert", "--image-opts", source, "-O", "raw", str(part))
        try:
            done = programs.run(command)
        except FileNotFoundError:
            hint = f"{programs.apt_get_install(('qemu-utils',))}; or give --firmware"
            what = f"vmdsl cannot look into {image} for the firmware: qemu-img is missing."
            raise HostError(Problem(what=what, hint=hint, code="missing-program")) from None
        if not done.ok:
            raise UsageError(
                f"qemu-img cannot read {image}: {done.output.strip()}", code="nothing-to-boot"
            )
        return part.read_bytes()


def _esps(start: bytes, sector: int) -> Iterator[int]:
    """Yield where the EFI system partitions of a disk start, in bytes."""
    header = start[sector : sector + 92]
    if header.startswith(_GPT):
        (table,) = struct.unpack_from("<Q", header, 72)
        count, size = struct.unpack_from("<II", header, 80)
        for number in range(min(count, 128)):
            entry = start[table * sector + number * size :][:48]
            if len(entry) == 48 and UUID(bytes_le=entry[:16]) == _ESP:  # noqa: PLR2004
                yield struct.unpack_from("<Q", entry, 32)[0] * sector
        return
    yield from (number * sector for number in _esps_of_mbr(start))


def _esps_of_mbr(start: bytes) -> Iterator[int]:
    """Yield the first sectors of the EFI system partitions of an MBR, by their numbers."""
    for number in range(4):
        entry = start[446 + 16 * number :][:16]
        if len(entry) == 16 and entry[4] == _ESP_IN_MBR:  # noqa: PLR2004
            yield struct.unpack_from("<I", entry, 8)[0]


def _boot_files(image: Path, offset: int) -> list[str] | None:
    """Return the names in EFI/BOOT of a FAT, in capitals; None if they cannot be listed."""
    if format_of(image) is not RAW:
        return None
    env = programs.environment({"MTOOLSRC": "/dev/null", "MTOOLS_SKIP_CHECK": "1"})
    where = ("-i", f"{image}@@{offset}", "::/EFI/BOOT")
    try:
        done = programs.run(("mdir", "-b", *where), env=env)
    except FileNotFoundError:
        return None
    return [line.rpartition("/")[2].upper() for line in done.output.splitlines()] if done.ok else []
