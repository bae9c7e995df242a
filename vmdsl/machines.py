"""Architectures: all that is known about each, one row an architecture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self


@dataclass(frozen=True, kw_only=True)
class Efi:
    """The names of an architecture in GRUB, in the files of EFI, and in Debian's packages.

    `signed` says whether Debian signs its GRUB and a shim for Secure Boot.
    """

    platform: str
    suffix: str
    package: str
    signed: bool = False


@dataclass(frozen=True, kw_only=True)
class Board:
    """QEMU's `-machine`, with its firmware files if QEMU does not bring its own.

    `code` is the firmware and `variables` its initial variables; both are in `package`.
    With `guarded` flash, only the firmware can change the variables.
    """

    machine: str
    code: str = ""
    variables: str = ""
    package: str = ""
    guarded: bool = False


@dataclass(frozen=True, kw_only=True)
class Qemu:
    """QEMU's program for an architecture, its package, and the board for each firmware."""

    program: str
    package: str
    #: The processor for guests whose code is translated, as QEMU's option `-cpu` takes it.
    translated: str = "max"
    #: Whether it passes on what systemd reads from the firmware's tables.
    smbios: bool = False
    bios: Board | None = None
    uefi: Board | None = None
    secure_boot: Board | None = None


@dataclass(frozen=True, kw_only=True)
class ArchTraits:
    """The properties of an architecture. An empty one does not exist, or is unknown."""

    #: What `uname -m` prints.
    uname: tuple[str, ...] = ()
    #: What `uname -m` prints on the machines that can run its programs, and so build its images.
    built_on: tuple[str, ...] = ()
    #: The flavour of Debian's kernel for all such machines, as in `linux-image-amd64`.
    kernel: str = ""
    #: Whether there is a kernel for virtual machines alone, as in `linux-image-cloud-amd64`.
    cloud_kernel: bool = False
    #: The last suite that has a kernel, where newer ones have none.
    last_suite: str = ""
    #: The first serial port, as in the kernel's parameter `console=`.
    serial: str = ""
    #: GRUB's platforms for BIOS and for Open Firmware.
    bios: str = ""
    ieee1275: str = ""
    efi: Efi | None = None
    qemu: Qemu | None = None


#: Without graphics, the BIOS's console is on the serial port: it's where GRUB says why it stopped.
_PC = Qemu(
    program="qemu-system-x86_64",
    package="qemu-system-x86",
    smbios=True,
    # Without copies byte by byte, and checks of each access to a program's memory: a sixth of a
    # boot's time, where they are translated.
    translated="max,erms=off,fsrm=off,smap=off,smep=off,la57=off",
    bios=Board(machine="pc,graphics=off"),
    uefi=Board(
        machine="pc,graphics=off",
        code="/usr/share/OVMF/OVMF_CODE_4M.fd",
        variables="/usr/share/OVMF/OVMF_VARS_4M.fd",
        package="ovmf",
    ),
    # Only this board has the mode of the processor in which nothing else can change the keys.
    secure_boot=Board(
        machine="q35,smm=on,graphics=off",
        code="/usr/share/OVMF/OVMF_CODE_4M.secboot.fd",
        variables="/usr/share/OVMF/OVMF_VARS_4M.ms.fd",
        package="ovmf",
        guarded=True,
    ),
)


class Arch(StrEnum):
    """An architecture of Debian or its ports, by Debian's name."""

    _value_: str
    traits: ArchTraits

    def __new__(cls, name: str, traits: ArchTraits | None = None) -> Self:
        """Make a member from its row."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.traits = traits or ArchTraits()
        return member

    AMD64 = (
        "amd64",
        ArchTraits(
            uname=("x86_64",),
            built_on=("x86_64",),
            kernel="amd64",
            cloud_kernel=True,
            serial="ttyS0,115200n8",
            bios="i386-pc",
            efi=Efi(platform="x86_64-efi", suffix="x64", package="amd64", signed=True),
            ieee1275="i386-ieee1275",
            qemu=_PC,
        ),
    )
    I386 = (
        "i386",
        ArchTraits(
            uname=("i686",),
            built_on=("x86_64",),
            kernel="686",
            last_suite="bookworm",
            serial="ttyS0,115200n8",
            bios="i386-pc",
            efi=Efi(platform="i386-efi", suffix="ia32", package="ia32"),
            ieee1275="i386-ieee1275",
            # Without SSE2: OpenSSL multiplies with it, and where that is translated, the keys of
            # an SSH server take a minute more.
            qemu=replace(_PC, translated="pentium3"),
        ),
    )
    ARM64 = (
        "arm64",
        ArchTraits(
            uname=("aarch64",),
            built_on=("aarch64",),
            kernel="arm64",
            cloud_kernel=True,
            serial="ttyAMA0,115200n8",
            efi=Efi(platform="arm64-efi", suffix="aa64", package="arm64", signed=True),
        ),
    )
    ARMHF = (
        "armhf",
        ArchTraits(
            uname=("armv7l",),
            kernel="armmp",
            serial="ttyAMA0,115200n8",
            efi=Efi(platform="arm-efi", suffix="arm", package="arm"),
        ),
    )
    ARMEL = "armel"
    PPC64EL = (
        "ppc64el",
        ArchTraits(
            uname=("ppc64le",), kernel="powerpc64le", serial="hvc0", ieee1275="powerpc-ieee1275"
        ),
    )
    RISCV64 = (
        "riscv64",
        ArchTraits(
            uname=("riscv64",),
            kernel="riscv64",
            serial="ttyS0,115200n8",
            efi=Efi(platform="riscv64-efi", suffix="riscv64", package="riscv64"),
        ),
    )
    S390X = "s390x", ArchTraits(uname=("s390x",), kernel="s390x")
    LOONG64 = "loong64", ArchTraits(uname=("loongarch64",), kernel="loong64")
    ALPHA = "alpha"
    HPPA = "hppa"
    IA64 = "ia64"
    M68K = "m68k"
    MIPS = "mips"
    MIPS64EL = "mips64el"
    MIPSEL = "mipsel"
    POWERPC = "powerpc", ArchTraits(serial="hvc0", ieee1275="powerpc-ieee1275")
    PPC64 = "ppc64", ArchTraits(uname=("ppc64",), serial="hvc0", ieee1275="powerpc-ieee1275")
    SH4 = "sh4"
    SPARC = "sparc"
    SPARC64 = "sparc64"
    X32 = "x32"

    @property
    def kernel(self) -> str:
        """The flavour of Debian's kernel for all such machines; empty if there is none."""
        return self.traits.kernel

    @property
    def cloud_kernel(self) -> str:
        """The flavour of Debian's kernel for virtual machines; empty if there is none."""
        return f"cloud-{self.kernel}" if self.traits.cloud_kernel else ""


def arch_of(uname: str) -> Arch | None:
    """Return the architecture of a machine whose `uname -m` prints `uname`."""
    return next((arch for arch in Arch if uname in arch.traits.uname), None)
