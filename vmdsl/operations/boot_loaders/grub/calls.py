"""GRUB without a device: from the tree's own GRUB, for BIOS, UEFI and Open Firmware.

These operations install no package: name grub-pc or grub-efi-amd64 with the other packages.
"""

from __future__ import annotations

from typing import Unpack

from vmdsl.language.arguments import with_settings
from vmdsl.language.handles import Gpt, Mounted, Partition, RootFs, partitions_below
from vmdsl.language.operation import record, recorded
from vmdsl.operations.boot_loaders.boot_loader import BootMenu, BootSettings
from vmdsl.operations.boot_loaders.grub.bios import GrubBios, GrubBootCode
from vmdsl.operations.boot_loaders.grub.config import configure
from vmdsl.operations.boot_loaders.grub.ieee1275 import GrubIeee1275, GrubPrep
from vmdsl.operations.boot_loaders.grub.uefi import GrubUefi
from vmdsl.operations.disk.fat import Vfat


@with_settings(BootSettings, BootMenu)
def grub_bios(root: RootFs, **settings: Unpack[BootSettings]) -> None:
    """Make the disk boot on a BIOS. On a GPT this takes a partition of type `bios-boot`.

    `console` says where the boot menu and the kernel's messages go; `serial` means the first
    serial port as well as the screen. `timeout` is how long the menu waits, in seconds; -1
    waits until somebody chooses. `parameters` are the kernel's, in every entry of the menu;
    `default_parameters` are not given to the entries of the recovery mode. `quiet` silences
    the kernel and systemd while they start. The packages: grub-pc, or grub-pc-bin with
    grub2-common.
    """
    configure(root, **settings)
    disk = partitions_below(root.mounted.filesystem.device)[0].table
    record(GrubBios(root=root))
    found = [
        operation
        for operation in recorded()
        if isinstance(operation, Partition)
        and operation.table is disk
        and operation.type == "bios-boot"
    ]
    embed = found[0] if found and isinstance(disk, Gpt) else None
    record(GrubBootCode(root=root, partition=embed))


@with_settings(BootSettings, BootMenu)
def grub_uefi(
    root: RootFs,
    esp: Mounted[Vfat],
    *,
    secure_boot: bool = False,
    **settings: Unpack[BootSettings],
) -> None:
    """Make the disk boot with UEFI. `esp` is the mounted FAT of the EFI system partition.

    With `secure_boot` it boots where Secure Boot is on, and where it is off: Debian's signed
    shim starts Debian's signed GRUB. All other arguments are those of grub_bios: `timeout` is in
    seconds. The packages: grub-efi-amd64, or grub-efi-amd64-bin with grub2-common; for Secure Boot
    shim-signed and grub-efi-amd64-signed too.
    """
    configure(root, **settings)
    record(GrubUefi(root=root, esp=esp, secure_boot=secure_boot))


@with_settings(BootSettings, BootMenu)
def grub_ieee1275(root: RootFs, prep: Partition, **settings: Unpack[BootSettings]) -> None:
    """Make the disk boot with Open Firmware, as POWER machines have it.

    `prep` is the partition of type `prep` that the firmware loads GRUB from; in an MBR it is
    active (`flags=("boot",)`). All other arguments are those of grub_bios: `timeout` is in seconds.
    The package: grub-ieee1275, or grub-ieee1275-bin with grub2-common.
    """
    configure(root, **settings)
    record(GrubIeee1275(root=root))
    record(GrubPrep(root=root, partition=prep))
