"""What must hold of encrypted devices and of volumes, and of what starts from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from vmdsl.errors import Problem
from vmdsl.language.handles import BlockDevice, LogicalVolume, Luks, Mounted, VolumeGroup
from vmdsl.language.operation import Operation
from vmdsl.operations.boot_loaders.grub.config import GrubConfig


def names_are_apart(operations: Sequence[Operation]) -> Iterator[Problem]:
    """No two volume groups have one name, and no two devices below /dev/mapper."""
    groups: dict[str, Operation] = {}
    devices: dict[str, Operation] = {}
    for operation in operations:
        if isinstance(operation, VolumeGroup):
            name, seen, what = operation.vg_name, groups, "a second volume group"
        elif isinstance(operation, Luks | LogicalVolume):
            name, seen, what = operation.dm_name, devices, "a second device in /dev/mapper"
        else:
            continue
        other = seen.setdefault(name, operation)
        if other is not operation:
            yield operation.problem(
                f"{what} with the name {name}: {other.shown} ({other.origin.where}) has it",
                "give it another one",
            )


def grub_reads_boot(operations: Sequence[Operation]) -> Iterator[Problem]:
    """GRUB finds its menu and the kernel: it cannot unlock LUKS2 as it is made here."""
    boot = PurePosixPath("/boot")
    for grub in operations:
        if not isinstance(grub, GrubConfig):
            continue
        mounts = [m for m in operations if isinstance(m, Mounted) and boot.is_relative_to(m.path)]
        holder: Mounted[Any] = max([grub.root.mounted, *mounts], key=lambda m: len(m.path.parts))
        for luks in _encrypted(holder.filesystem.device):
            yield grub.problem(
                f"GRUB cannot unlock {luks.shown} ({luks.origin.where}), which /boot is on",
                "give /boot a filesystem of its own, which is not encrypted",
            )


def packages_to_open(device: BlockDevice) -> list[str]:
    """The packages that put into an initramfs what the kernel needs to find its root there."""
    needed = ["cryptsetup-initramfs"] if any(_encrypted(device)) else []
    while isinstance(device, Luks):
        device = device.device
    return [*needed, "lvm2"] if isinstance(device, LogicalVolume) else needed


def _encrypted(device: BlockDevice) -> Iterator[Luks]:
    """The encrypted devices that a device is on, and itself if it is one."""
    if isinstance(device, Luks):
        yield device
        yield from _encrypted(device.device)
    elif isinstance(device, LogicalVolume):
        for below in device.group.devices:
            yield from _encrypted(below)
