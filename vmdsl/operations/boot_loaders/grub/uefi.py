"""GRUB in the EFI system partition, signed for Secure Boot or made for this image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vmdsl.errors import Problem
from vmdsl.language.effects import Tree
from vmdsl.language.handles import Mounted, luks_below
from vmdsl.language.layout import Layout
from vmdsl.language.operation import (
    Operation,
    operation,
    origin_of,
    shown_name,
    shown_with_line,
)
from vmdsl.machines import Arch, Efi
from vmdsl.operations.boot_loaders.boot_loader import check_esp
from vmdsl.operations.boot_loaders.grub.config import GrubPart
from vmdsl.operations.boot_loaders.grub.core import install_modules, make_core, preseed, stub
from vmdsl.operations.disk.fat import Vfat
from vmdsl.values import KiB, MiB, Size

#: Both copies: made for an image they are 1048 KiB of trixie's GRUB, and signed, with shim and its
#: key manager, 8.8 MiB. Those of older releases are larger.
_LEAST, _LEAST_SIGNED = KiB(1060), MiB(8)


@operation
class GrubUefi(GrubPart):
    """GRUB at the path that firmware tries on any machine, and at Debian's own."""

    esp: Mounted[Vfat]
    secure_boot: bool

    @property
    def efi(self) -> Efi:
        """The names of the system's architecture; other architectures are refused in the plan."""
        efi: Efi | None = self.root.arch.traits.efi
        assert efi is not None  # noqa: S101 (see `architectures`)
        return efi

    def summary(self) -> str:
        return "GRUB for UEFI, with Secure Boot" if self.secure_boot else "GRUB for UEFI"

    def needs(self) -> tuple[tuple[str, ...], ...]:
        efi = self.root.arch.traits.efi
        if efi is None:
            return ()
        name = f"grub-efi-{efi.package}"
        grub = (name, f"{name}-bin", "grub-efi", "grub-cloud-amd64")
        return (grub, ("shim-signed",), (f"{name}-signed",)) if self.secure_boot else (grub,)

    @property
    def architectures(self) -> tuple[Arch, ...]:
        known = ((arch, arch.traits.efi) for arch in Arch)
        return tuple(a for a, efi in known if efi and (efi.signed or not self.secure_boot))

    def check_plan(self, operations: Sequence[Operation], *, complete: bool) -> Iterator[Problem]:
        """Report what a boot loader lacks, and a partition that firmware won't look at."""
        yield from super().check_plan(operations, complete=complete)
        yield from check_esp(self, self.esp)
        if self.secure_boot:
            for luks in luks_below(self.boot_filesystem(operations).device):
                yield self.problem(
                    f"the signed GRUB cannot unlock {shown_with_line(luks)}, which /boot is on",
                    "give /boot a filesystem of its own, which is not encrypted",
                    code="boot-filesystem",
                )

    def check_layout(self, layout: Layout) -> Iterator[Problem]:
        """Report an EFI system partition that is too small for its two copies."""
        yield from super().check_layout(layout)
        device = self.esp.filesystem.device
        size = Size(layout.of_mount(self.esp).filesystem.device.size)
        least = _LEAST_SIGNED if self.secure_boot else _LEAST
        if device is not layout.open and 0 < size.bytes < least.bytes:
            yield self.problem(
                f"{self.summary()} takes {least} at least, and the EFI system partition "
                f"{shown_name(device)} has {size}",
                f"enlarge it ({origin_of(device).where}); 64 MiB or more is usual",
                about="esp",
                code="too-small",
            )

    def apply(self, tree: Tree) -> None:
        """Put it to both places, as GRUB's own package does when it is upgraded.

        The package looks whether core.efi and Debian's folder are there. It then renews the
        modules, so it must renew the file that firmware starts as well.
        """
        efi = self.efi
        install_modules(tree, efi.platform)
        core = make_core(tree, efi.platform, "core.efi")
        fallback, own = (str(self.esp.path / f"EFI/{name}") for name in ("BOOT", "debian"))
        boot = f"BOOT{efi.suffix.upper()}.EFI"
        if self.secure_boot:
            shim = f"/usr/lib/shim/shim{efi.suffix}.efi.signed"
            files = {f"{fallback}/{boot}": shim, f"{own}/shim{efi.suffix}.efi": shim}
            grub = f"grub{efi.suffix}.efi"
            for folder in (fallback, own):
                files[f"{folder}/{grub}"] = f"/usr/lib/grub/{efi.platform}-signed/{grub}.signed"
                manager = f"mm{efi.suffix}.efi"
                files[f"{folder}/{manager}"] = f"/usr/lib/shim/{manager}.signed"
            tree.write(f"{own}/grub.cfg", stub(tree))  # where the signed GRUB looks
        else:
            files = {f"{fallback}/{boot}": core, f"{own}/grub{efi.suffix}.efi": core}
        for folder in (fallback, own):
            tree.mkdir(folder)
        for target, source in files.items():
            tree.chroot("cp", source, target)
        preseed(tree, f"grub-efi-{efi.package} grub2/force_efi_extra_removable boolean true")
