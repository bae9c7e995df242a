"""Boards that start with U-Boot: where each looks for it, and how it gets there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from uuid import UUID

from vmdsl import (
    Arch,
    Disk,
    KiB,
    MiB,
    Partition,
    RootFs,
    Size,
    apt,
    refuse,
    system_file,
    write_at,
)


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A file that a board looks for at an offset of the disk, or in a partition of a type.

    With both, the partition must start there. With neither, it may have any type and place.
    """

    file: str
    offset: Size | None = None
    type: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Family:
    """Boards with one kind of processor: Debian's package of U-Boot for them, and its pieces."""

    arch: Arch
    package: str
    pieces: tuple[Piece, ...]


def _rockchip(u_boot: Size) -> Family:
    pieces = (
        Piece(file="idbloader.img", offset=KiB(32)),
        Piece(file="u-boot.itb", offset=u_boot),
    )
    return Family(arch=Arch.ARM64, package="u-boot-rockchip", pieces=pieces)


def _sunxi(arch: Arch) -> Family:
    pieces = (Piece(file="u-boot-sunxi-with-spl.bin", offset=KiB(8)),)
    return Family(arch=arch, package="u-boot-sunxi", pieces=pieces)


_ROCKCHIP = _rockchip(MiB(8))
_PUMA = _rockchip(KiB(256))
_SUNXI_32 = _sunxi(Arch.ARMHF)
_SUNXI_64 = _sunxi(Arch.ARM64)
_IMX = Family(
    arch=Arch.ARMHF,
    package="u-boot-imx",
    pieces=(Piece(file="SPL", offset=KiB(1)), Piece(file="u-boot.img", offset=KiB(69))),
)
_AM335X = Family(
    arch=Arch.ARMHF,
    package="u-boot-omap",
    pieces=(
        Piece(file="MLO", offset=KiB(128)),
        Piece(file="u-boot.img", offset=KiB(384)),
    ),
)
_JH7110 = Family(
    arch=Arch.RISCV64,
    package="u-boot-starfive",
    pieces=(
        Piece(file="u-boot-spl.bin.normal.out", type=UUID("2E54B353-1271-4842-806F-E436D6AF6985")),
        Piece(file="u-boot.itb"),
    ),
)
_FU740 = Family(
    arch=Arch.RISCV64,
    package="u-boot-sifive",
    pieces=(
        Piece(file="u-boot-spl.bin", type=UUID("5B193300-FC78-40CD-8002-E86C45580B47")),
        Piece(
            file="u-boot.itb",
            type=UUID("2E54B353-1271-4842-806F-E436D6AF6985"),
            offset=KiB(1041),
        ),
    ),
)


class Board(StrEnum):
    """A board, by the name of its folder in `/usr/lib/u-boot`."""

    _value_: str
    family: Family

    def __new__(cls, name: str, family: Family) -> Self:
        """Make a member from its row."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.family = family
        return member

    FIREFLY_RK3399 = "firefly-rk3399", _ROCKCHIP
    NANOPC_T4 = "nanopc-t4-rk3399", _ROCKCHIP
    NANOPI_NEO4 = "nanopi-neo4-rk3399", _ROCKCHIP
    PINEBOOK_PRO = "pinebook-pro-rk3399", _ROCKCHIP
    PUMA_RK3399 = "puma-rk3399", _PUMA
    ROC_PC_RK3399 = "roc-pc-rk3399", _ROCKCHIP
    ROCK_4SE = "rock-4se-rk3399", _ROCKCHIP
    ROCK_PI_4 = "rock-pi-4-rk3399", _ROCKCHIP
    ROCK_PI_E = "rock-pi-e-rk3328", _ROCKCHIP
    ROCK64 = "rock64-rk3328", _ROCKCHIP
    ROCKPRO64 = "rockpro64-rk3399", _ROCKCHIP
    A64_OLINUXINO = "a64-olinuxino", _SUNXI_64
    A64_OLINUXINO_EMMC = "a64-olinuxino-emmc", _SUNXI_64
    NANOPI_NEO2 = "nanopi_neo2", _SUNXI_64
    NANOPI_NEO_PLUS2 = "nanopi_neo_plus2", _SUNXI_64
    ORANGEPI_ONE_PLUS = "orangepi_one_plus", _SUNXI_64
    ORANGEPI_ZERO_PLUS2 = "orangepi_zero_plus2", _SUNXI_64
    PINE64_LTS = "pine64-lts", _SUNXI_64
    PINE64_PLUS = "pine64_plus", _SUNXI_64
    PINEBOOK = "pinebook", _SUNXI_64
    PINEPHONE = "pinephone", _SUNXI_64
    PINETAB = "pinetab", _SUNXI_64
    SOPINE_BASEBOARD = "sopine_baseboard", _SUNXI_64
    TERES_I = "teres_i", _SUNXI_64
    A10_OLINUXINO_LIME = "A10-OLinuXino-Lime", _SUNXI_32
    A10S_OLINUXINO_M = "A10s-OLinuXino-M", _SUNXI_32
    A20_OLIMEX_SOM_EVB = "A20-Olimex-SOM-EVB", _SUNXI_32
    A20_OLINUXINO_LIME = "A20-OLinuXino-Lime", _SUNXI_32
    A20_OLINUXINO_LIME2 = "A20-OLinuXino-Lime2", _SUNXI_32
    A20_OLINUXINO_LIME2_EMMC = "A20-OLinuXino-Lime2-eMMC", _SUNXI_32
    A20_OLINUXINO_MICRO = "A20-OLinuXino_MICRO", _SUNXI_32
    A20_OLINUXINO_MICRO_EMMC = "A20-OLinuXino_MICRO-eMMC", _SUNXI_32
    BANANAPI = "Bananapi", _SUNXI_32
    BANANAPI_M2_BERRY = "bananapi_m2_berry", _SUNXI_32
    BANANAPI_M2_ULTRA = "Bananapi_M2_Ultra", _SUNXI_32
    BANANAPRO = "Bananapro", _SUNXI_32
    CUBIEBOARD = "Cubieboard", _SUNXI_32
    CUBIEBOARD2 = "Cubieboard2", _SUNXI_32
    CUBIEBOARD4 = "Cubieboard4", _SUNXI_32
    CUBIETRUCK = "Cubietruck", _SUNXI_32
    CUBIETRUCK_PLUS = "Cubietruck_plus", _SUNXI_32
    LAMOBO_R1 = "Lamobo_R1", _SUNXI_32
    LINKSPRITE_PCDUINO = "Linksprite_pcDuino", _SUNXI_32
    LINKSPRITE_PCDUINO3 = "Linksprite_pcDuino3", _SUNXI_32
    MINI_X = "Mini-X", _SUNXI_32
    NANOPI_NEO = "nanopi_neo", _SUNXI_32
    NANOPI_NEO_AIR = "nanopi_neo_air", _SUNXI_32
    ORANGEPI_PC_PLUS = "orangepi_pc_plus", _SUNXI_32
    ORANGEPI_PLUS = "orangepi_plus", _SUNXI_32
    ORANGEPI_ZERO = "orangepi_zero", _SUNXI_32
    SINOVOIP_BPI_M3 = "Sinovoip_BPI_M3", _SUNXI_32
    CUBOX_I = "mx6cuboxi", _IMX
    NOVENA = "novena", _IMX
    UDOO = "udoo", _IMX
    WANDBOARD = "wandboard", _IMX
    BEAGLEBONE_BLACK = "am335x_boneblack", _AM335X
    VISIONFIVE2 = "starfive_visionfive2", _JH7110
    UNMATCHED = "sifive_unmatched", _FU740

    @property
    def arch(self) -> Arch:
        """The architecture of the system that runs on it."""
        return self.family.arch


def add_u_boot(system: RootFs, board: Board, *places: Disk | Partition) -> None:
    """Install Debian's U-Boot for a board, and write it to where the board looks for it.

    `places` is the disk; for a board that looks for partitions, it is these, in the order in which
    they start each other: the one with the first stage of U-Boot, and the one with U-Boot itself.

    Nothing else may be there, so let partitions start at 16 MiB. Allwinner's processors look where
    the entries of a GPT would be: give them an MBR, with `mkmsdos()`. Call it after `debian()`. A
    boot menu for U-Boot is written by `extlinux()`.

    Packages: that with U-Boot for the board, such as `u-boot-rockchip`.
    """
    pieces = board.family.pieces
    if system.arch != board.arch:
        raise refuse(
            f"{board} is a board of {board.arch}, and this is a system of {system.arch}",
            "give debian() the board's: arch=board().arch",
            about="board",
            code="architecture",
        )
    apart = any(piece.offset is None for piece in pieces)
    given = places if apart else places * len(pieces)
    if len(given) != len(pieces) or any(isinstance(place, Disk) == apart for place in given):
        files = " and ".join(piece.file for piece in pieces)
        raise refuse(
            f"{board} looks for {files} in {'partitions' if apart else 'the disk itself'}",
            "give the handle of each, in this order" if apart else "give the handle of the disk",
            about="places",
            code="boot-place",
        )
    for piece, place in zip(pieces, given, strict=True):
        if isinstance(place, Partition):
            _check(piece, place)
    apt(system, board.family.package, recommends=False)
    for piece, place in zip(pieces, given, strict=True):
        offset = MiB(0) if isinstance(place, Partition) or not piece.offset else piece.offset
        write_at(place, system_file(system, f"/usr/lib/u-boot/{board}/{piece.file}"), offset=offset)


def _check(piece: Piece, partition: Partition) -> None:
    """Refuse a partition that the board does not look for, or not there."""
    if piece.type not in (None, partition.type):
        raise refuse(
            f"the board looks for {piece.file} in a partition of the type {piece.type}",
            f'give the partition that type: UUID("{piece.type}")',
            about="places",
            code="boot-place",
        )
    if piece.offset is not None and partition.start != piece.offset:
        raise refuse(
            f"the board looks for {piece.file} at {piece.offset} of the disk",
            "let the partition start there, with start=",
            about="places",
            code="boot-place",
        )
