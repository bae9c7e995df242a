"""GRUB for Open Firmware, which loads it from a PReP partition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vmdsl.errors import BuildError, Problem
from vmdsl.language.effects import Image, ImageOperation, Tree
from vmdsl.language.handles import Msdos, Partition, RootFs
from vmdsl.language.operation import Operation, operation, origin_of, shown_name
from vmdsl.machines import Arch
from vmdsl.operations.boot_loaders.boot_loader import check_type
from vmdsl.operations.boot_loaders.grub.config import GrubPart
from vmdsl.operations.boot_loaders.grub.core import install_modules, make_core


@operation
class GrubIeee1275(GrubPart):
    """GRUB's files for Open Firmware in /boot/grub, with core.elf."""

    def summary(self) -> str:
        return "GRUB for Open Firmware"

    def needs(self) -> tuple[tuple[str, ...], ...]:
        return (("grub-ieee1275", "grub-ieee1275-bin"),)

    @property
    def architectures(self) -> tuple[Arch, ...]:
        return tuple(arch for arch in Arch if arch.traits.ieee1275)

    def apply(self, tree: Tree) -> None:
        """Make them. POWER's firmware reads what the core image needs from an ELF note."""
        platform = self.root.arch.traits.ieee1275
        note = ("--note",) if platform.startswith("powerpc") else ()
        install_modules(tree, platform)
        make_core(tree, platform, "core.elf", *note)


@operation
class GrubPrep(ImageOperation):
    """GRUB's core image in the PReP partition."""

    root: RootFs
    partition: Partition

    def summary(self) -> str:
        return "GRUB in the PReP partition"

    def check_plan(self, operations: Sequence[Operation], *, complete: bool) -> Iterator[Problem]:
        """Report a partition that firmware won't look at."""
        del operations, complete
        partition = self.partition
        yield from check_type(self, partition, "prep")
        if isinstance(partition.table, Msdos) and "boot" not in partition.flags:
            yield self.problem(
                f"firmware won't look at {shown_name(partition)}, which isn't active in its MBR",
                f"give it the flag boot ({origin_of(partition).where})",
                code="boot-place",
            )

    def apply(self, image: Image) -> None:
        core = image.tree.read(f"/boot/grub/{self.root.arch.traits.ieee1275}/core.elf")
        place = image.tree.layout.of_partition(self.partition)
        if len(core) > place.size:
            raise BuildError(
                self.problem(
                    f"GRUB's core image takes {len(core)} bytes; "
                    f"{shown_name(self.partition)} has {place.size}",
                    f"make it larger ({origin_of(self.partition).where})",
                    code="no-room",
                )
            )
        image.write_at(0, core, within=self.partition)
