"""GRUB in the EFI system partition, signed for Secure Boot or made for this image."""

from __future__ import annotations

from dataclasses import dataclass

from vmdsl.language.effects import Tree, TreeOperation
from vmdsl.language.handles import Mounted, Vfat
from vmdsl.language.operation import operation
from vmdsl.operations.boot_loaders.grub.config import GrubOperation
from vmdsl.operations.boot_loaders.grub.core import install_modules, make_core, preseed, stub
from vmdsl.values import Arch


@dataclass(frozen=True, kw_only=True)
class Efi:
    """How an architecture is called by GRUB, in names of EFI's files, and in Debian's packages."""

    platform: str
    suffix: str
    package: str
    signed: bool = False


EFI = {
    Arch.AMD64: Efi(platform="x86_64-efi", suffix="x64", package="amd64", signed=True),
    Arch.I386: Efi(platform="i386-efi", suffix="ia32", package="ia32"),
    Arch.ARM64: Efi(platform="arm64-efi", suffix="aa64", package="arm64", signed=True),
    Arch.ARMHF: Efi(platform="arm-efi", suffix="arm", package="arm"),
    Arch.RISCV64: Efi(platform="riscv64-efi", suffix="riscv64", package="riscv64"),
}


@operation
class GrubUefi(TreeOperation, GrubOperation):
    """GRUB at the path that firmware tries on any machine, and at Debian's own."""

    esp: Mounted[Vfat]
    secure_boot: bool

    def summary(self) -> str:
        return "GRUB for UEFI, with Secure Boot" if self.secure_boot else "GRUB for UEFI"

    def needs(self) -> tuple[tuple[str, ...], ...]:
        if self.root.arch not in EFI:
            return ()
        name = f"grub-efi-{EFI[self.root.arch].package}"
        grub = (name, f"{name}-bin", "grub-efi", "grub-cloud-amd64")
        return (grub, ("shim-signed",), (f"{name}-signed",)) if self.secure_boot else (grub,)

    def apply(self, tree: Tree) -> None:
        """Put it to both places, as GRUB's own package does when it is upgraded.

        The package looks whether core.efi and Debian's folder are there. It then renews the
        modules, so it must renew the file that firmware starts as well.
        """
        efi = EFI[self.root.arch]
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
