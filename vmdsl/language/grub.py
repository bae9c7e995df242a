"""GRUB for BIOS and for UEFI, without a device: from the tree's own GRUB.

These operations install no package: name grub-pc or grub-efi-amd64 with the other packages.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, get_args

from vmdsl.errors import BuildError
from vmdsl.language.grub_stand_ins import grub_name, stand_ins
from vmdsl.language.handles import Gpt, Mounted, Partition, RootFs, Vfat
from vmdsl.language.layout import SECTOR
from vmdsl.language.operations import Image, ImageOperation, Tree, TreeOperation
from vmdsl.language.recording import one_of, record, recorded
from vmdsl.values import Arch

Console = Literal["screen", "serial"]

_MODULES = (
    "part_gpt",
    "part_msdos",
    "ext2",
    "fat",
    "search",
    "search_fs_uuid",
    "normal",
    "configfile",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class GrubConfig(TreeOperation):
    """/boot/grub/grub.cfg, made by the system's own grub-mkconfig."""

    console: Console

    def summary(self) -> str:
        return "write /boot/grub/grub.cfg"

    def apply(self, tree: Tree) -> None:
        tree.write("/etc/default/grub.d/50-vmdsl.cfg", _defaults(self.console))
        for program, script in stand_ins(tree.layout).items():
            file = tree.scratch / PurePosixPath(program).name
            file.write_text(script, encoding="utf-8")
            file.chmod(0o755)
            tree.bind(file, program)
        tree.mkdir("/boot/grub")
        # grub-mkconfig names a filesystem by its UUID only where udev has made this link.
        root = tree.layout.holding("/").filesystem.uuid
        tree.chroot(
            "sh",
            "-ec",
            f"mkdir -p /dev/disk/by-uuid; : >/dev/disk/by-uuid/{root}; "
            "GRUB_DISABLE_OS_PROBER=true exec grub-mkconfig -o /boot/grub/grub.cfg",
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class GrubBios(TreeOperation):
    """GRUB's files for BIOS in /boot/grub/i386-pc, with boot.img and core.img."""

    def summary(self) -> str:
        return "GRUB for BIOS"

    def apply(self, tree: Tree) -> None:
        _install_modules(tree, "i386-pc")
        tree.chroot("cp", "/usr/lib/grub/i386-pc/boot.img", "/boot/grub/i386-pc/boot.img")
        _make_core(tree, "i386-pc", "/boot/grub/i386-pc/core.img", ("biosdisk",))


@dataclass(frozen=True, kw_only=True, eq=False)
class GrubBootCode(ImageOperation):
    """GRUB's first sectors: boot.img in the first one, core.img where nothing else is."""

    root: RootFs
    partition: Partition | None

    def summary(self) -> str:
        return "boot code of GRUB for BIOS"

    def apply(self, image: Image) -> None:
        """Write both, each with the other's place in it. The offsets are those of GRUB's format."""
        layout = image.tree.layout
        boot = bytearray(image.tree.read("/boot/grub/i386-pc/boot.img")[:440])
        core = bytearray(image.tree.read("/boot/grub/i386-pc/core.img"))
        if self.partition is None:
            start, room = SECTOR, min(p.start for p in layout.partitions) - SECTOR
        else:
            place = layout.of_partition(self.partition)
            start, room = place.start, place.size
        if len(core) > room:
            raise BuildError(
                self.problem(f"GRUB's core image takes {len(core)} bytes; there is room for {room}")
            )
        sector = start // SECTOR
        boot[0x5C:0x64] = sector.to_bytes(8, "little")
        boot[0x66:0x68] = b"\x90\x90"
        core[500:508] = (sector + 1).to_bytes(8, "little")
        image.write_at(0, bytes(boot))
        image.write_at(start, bytes(core))


def grub_bios(root: RootFs, *, console: Console = "screen") -> None:
    """Make the disk boot on a BIOS. On a GPT this takes a partition of type `bios-boot`.

    `console` says where the boot menu and the kernel's messages go; `serial` means the first
    serial port as well as the screen. The packages: grub-pc, or grub-pc-bin with grub2-common.
    """
    disk = root.mounted.filesystem.partition.table
    one_of("console", console, get_args(Console))
    _config(root, console)
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


@dataclass(frozen=True, kw_only=True, eq=False)
class GrubUefi(TreeOperation):
    """GRUB in the EFI system partition, at the path that firmware tries on any machine."""

    esp: Mounted[Vfat]

    def summary(self) -> str:
        return "GRUB for UEFI"

    def apply(self, tree: Tree) -> None:
        arch = self.root.arch
        platform, file = EFI_FILES[arch]
        _install_modules(tree, platform)
        folder = str(self.esp.path / "EFI/BOOT")
        tree.mkdir(folder)
        _make_core(tree, platform, f"{folder}/{file}", ())


#: Platform of GRUB, and the file that firmware starts, of each architecture.
EFI_FILES = {Arch.AMD64: ("x86_64-efi", "BOOTX64.EFI"), Arch.I386: ("i386-efi", "BOOTIA32.EFI")}


def grub_uefi(root: RootFs, esp: Mounted[Vfat], *, console: Console = "screen") -> None:
    """Make the disk boot with UEFI. `esp` is the mounted FAT of the EFI system partition.

    `console` as for grub_bios. The packages: grub-efi-amd64, or grub-efi-amd64-bin with
    grub2-common.
    """
    one_of("console", console, get_args(Console))
    _config(root, console)
    record(GrubUefi(root=root, esp=esp))


def _config(root: RootFs, console: Console) -> None:
    """Record the configuration, unless it was and nothing has changed the system since."""
    for operation in reversed(recorded()):
        if isinstance(operation, GrubConfig) and operation.root is root:
            if operation.console == console:
                return
            break
        if not isinstance(operation, GrubBios | GrubUefi | GrubBootCode):
            break
    record(GrubConfig(root=root, console=console))


def _defaults(console: Console) -> str:
    lines = ["GRUB_TIMEOUT=1", "GRUB_DISTRIBUTOR=Debian"]
    if console == "serial":
        lines += [
            'GRUB_CMDLINE_LINUX="console=tty0 console=ttyS0,115200n8"',
            'GRUB_TERMINAL="console serial"',
            'GRUB_SERIAL_COMMAND="serial --unit=0 --speed=115200"',
        ]
    return "".join(f"{line}\n" for line in lines)


def _install_modules(tree: Tree, platform: str) -> None:
    tree.chroot(
        "sh",
        "-ec",
        'cd "/usr/lib/grub/$0"; mkdir -p "/boot/grub/$0"; cp ./*.mod ./*.lst "/boot/grub/$0/"',
        platform,
    )


def _make_core(tree: Tree, platform: str, output: str, modules: tuple[str, ...]) -> None:
    """Run the tree's grub-mkimage; the image looks for the filesystem of /boot/grub by its UUID."""
    boot = tree.layout.holding("/boot/grub")
    grub = PurePosixPath("/") / PurePosixPath("/boot/grub").relative_to(boot.path)
    (tree.scratch / "load.cfg").write_text(
        f"search.fs_uuid {boot.filesystem.uuid} root\nset prefix=($root){grub}\n", encoding="utf-8"
    )
    config = f"/boot/grub/{platform}/load.cfg"
    tree.copy_in(tree.scratch / "load.cfg", config, mode=0o644)
    tree.chroot(
        "grub-mkimage",
        "-O",
        platform,
        "-c",
        config,
        "-p",
        str(grub),
        "-o",
        output,
        *_MODULES,
        *sorted({grub_name(boot)} - set(_MODULES)),
        *modules,
    )


Packages = dict[type[TreeOperation], tuple[str, ...]]

#: One of these must be named in the recipe for the boot loader's operation to find its files.
PROVIDERS: Packages = {
    GrubBios: ("grub-pc", "grub-pc-bin", "grub-cloud-amd64", "grub2"),
    GrubUefi: (
        "grub-efi",
        "grub-efi-amd64",
        "grub-efi-amd64-bin",
        "grub-efi-ia32",
        "grub-efi-ia32-bin",
        "grub-cloud-amd64",
    ),
}
