"""GRUB for Open Firmware, which loads it from a PReP partition."""

from __future__ import annotations

from vmdsl.errors import BuildError
from vmdsl.language.effects import Image, ImageOperation, Tree, TreeOperation
from vmdsl.language.handles import Partition, RootFs
from vmdsl.language.operation import operation
from vmdsl.operations.boot_loaders.grub.config import GrubOperation
from vmdsl.operations.boot_loaders.grub.core import install_modules, make_core


@operation
class GrubIeee1275(TreeOperation, GrubOperation):
    """GRUB's files for Open Firmware in /boot/grub, with core.elf."""

    def summary(self) -> str:
        return "GRUB for Open Firmware"

    def needs(self) -> tuple[tuple[str, ...], ...]:
        return (("grub-ieee1275", "grub-ieee1275-bin"),)

    def apply(self, tree: Tree) -> None:
        """Make them; POWER's firmware wants a note in the core image that tells its needs."""
        platform = self.root.arch.traits.ieee1275
        note = ("--note",) if platform.startswith("powerpc") else ()
        install_modules(tree, platform)
        make_core(tree, platform, "core.elf", *note)


@operation
class GrubPrep(ImageOperation, GrubOperation):
    """GRUB's core image in the PReP partition."""

    root: RootFs
    partition: Partition

    def summary(self) -> str:
        return "GRUB in the PReP partition"

    def apply(self, image: Image) -> None:
        core = image.tree.read(f"/boot/grub/{self.root.arch.traits.ieee1275}/core.elf")
        place = image.tree.layout.of_partition(self.partition)
        if len(core) > place.size:
            raise BuildError(
                self.problem(
                    f"GRUB's core image takes {len(core)} bytes; "
                    f"{self.partition.shown} has {place.size}",
                    f"make it larger ({self.partition.origin.where})",
                )
            )
        image.write_at(0, core, within=self.partition)
