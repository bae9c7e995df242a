"""GRUB for BIOS: its files in the tree, and its boot code in the image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vmdsl.errors import BuildError, Hint, Problem, code
from vmdsl.language.effects import Image, ImageOperation, Tree
from vmdsl.language.handles import Gpt, Partition, RootFs, partitions_below
from vmdsl.language.layout import Layout, Span
from vmdsl.language.operation import Operation, code_of, operation
from vmdsl.machines import Arch
from vmdsl.operations.boot_loaders.grub.config import GrubPart
from vmdsl.operations.boot_loaders.grub.core import install_modules, make_core, preseed
from vmdsl.values import SECTOR

#: The disk's id and its partitions follow.
_BOOT_SIZE = 440
_FOLDER = "/boot/grub/i386-pc"


@operation
class GrubBios(GrubPart):
    """GRUB's files for BIOS in /boot/grub/i386-pc, with boot.img and core.img."""

    def summary(self) -> str:
        return "GRUB for BIOS"

    def needs(self) -> tuple[tuple[str, ...], ...]:
        return (("grub-pc", "grub-pc-bin", "grub-cloud-amd64", "grub2"),)

    @property
    def architectures(self) -> tuple[Arch, ...]:
        return tuple(arch for arch in Arch if arch.traits.bios)

    def check_layout(self, layout: Layout) -> Iterator[Problem]:
        """Report sectors that neither a BIOS nor GRUB's first sector can read."""
        if layout.sector != SECTOR:
            yield self.problem(
                f"a BIOS does not start from a disk with sectors of {layout.sector} bytes",
                Hint("use ", code("grub_uefi"), ", with an EFI system partition"),
                code="sector-size",
            )

    def apply(self, tree: Tree) -> None:
        """Make them. debconf's answers keep an upgrade of the package from asking for a disk."""
        install_modules(tree, "i386-pc")
        tree.chroot("cp", "/usr/lib/grub/i386-pc/boot.img", f"{_FOLDER}/boot.img")
        make_core(tree, "i386-pc", "core.img", "biosdisk")
        preseed(
            tree,
            "grub-pc grub-pc/install_devices multiselect",
            "grub-pc grub-pc/install_devices_empty boolean true",
        )


@operation
class GrubBootCode(ImageOperation):
    """GRUB's first sectors: boot.img in the first one, core.img where nothing else is."""

    root: RootFs
    partition: Partition | None

    @property
    def _has_no_place(self) -> bool:
        table = partitions_below(self.root.mounted.filesystem.device)[0].table
        return self.partition is None and isinstance(table, Gpt)

    def summary(self) -> str:
        return "boot code of GRUB for BIOS"

    def writes(self, layout: Layout) -> tuple[Span, ...]:
        if self._has_no_place:
            return ()
        core = layout.of_partition(self.partition).start if self.partition else SECTOR
        what, within = "the bytes of GRUB's boot code", self.partition
        return (
            Span(start=0, end=_BOOT_SIZE, what=what),
            Span(start=core, end=core + SECTOR, what=what, within=within),
        )

    def check_plan(self, operations: Sequence[Operation], *, complete: bool) -> Iterator[Problem]:
        """Report a GPT without a partition for it: unlike an MBR, it leaves no gap."""
        del operations
        if complete and self._has_no_place:
            table = partitions_below(self.root.mounted.filesystem.device)[0].table
            yield self.problem(
                "GRUB for BIOS has no place on this GPT",
                Hint(
                    "add, above it: ",
                    code("mkpart", code_of(table), size=code("MiB", 1), type="bios-boot"),
                ),
                code="boot-place",
            )

    def apply(self, image: Image) -> None:
        """Write both, each with the other's sector at the offsets that GRUB's format has for it."""
        layout = image.tree.layout
        boot = bytearray(image.tree.read(f"{_FOLDER}/boot.img")[:_BOOT_SIZE])
        core = bytearray(image.tree.read(f"{_FOLDER}/core.img"))
        if self.partition is None:
            start, room = SECTOR, min(p.start for p in layout.partitions) - SECTOR
        else:
            place = layout.of_partition(self.partition)
            start, room = place.start, place.size
        if len(core) > room:
            raise BuildError(
                self.problem(
                    f"GRUB's core image takes {len(core)} bytes; there is room for {room}",
                    code="no-room",
                )
            )
        sector = start // SECTOR
        boot[0x5C:0x64] = sector.to_bytes(8, "little")
        boot[0x66:0x68] = b"\x90\x90"
        core[500:508] = (sector + 1).to_bytes(8, "little")
        image.write_at(0, bytes(boot))
        if self.partition is None:
            image.write_at(start, bytes(core))
        else:
            image.write_at(0, bytes(core), within=self.partition)
