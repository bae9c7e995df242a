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
    With `guarded` flash, only the firmware can change the variables. `loaded` is firmware that
    QEMU's own starts, as it would start a kernel.
    """

    machine: str
    code: str = ""
    variables: str = ""
    loaded: str = ""
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
    #: Whether the guest's clock counts instructions if they are translated.
    counts: bool = True
    bios: Board | None = None
    uefi: Board | None = None
    secure_boot: Board | None = None
    ieee1275: Board | None = None


@dataclass(frozen=True, kw_only=True)
class Binary:
    """The programs of an architecture, as ELF marks them, and QEMU's program that runs them.

    `code` is machine code by which a program ends without an error. `emulator` is the name of
    QEMU's program without its prefix, and `processor` is for it where its own choice is slow.
    """

    machine: int
    code: bytes
    emulator: str
    processor: str = ""
    bits: int = 64
    big_endian: bool = False
    flags: int = 0


@dataclass(frozen=True, kw_only=True)
class ArchTraits:
    """The properties of an architecture. An empty one does not exist, or is unknown."""

    #: What `uname -m` prints.
    uname: tuple[str, ...] = ()
    #: What `uname -m` prints on the machines that can run its programs without emulation.
    native_on: tuple[str, ...] = ()
    binary: Binary | None = None
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
    #: Its only boot loader, if that can be installed only on a disk that the kernel knows.
    needs_disk: str = ""
    qemu: Qemu | None = None


#: Without graphics, the BIOS's console is on the serial port: it's where GRUB says why it stopped.
_PC = Qemu(
    program="qemu-system-x86_64",
    package="qemu-system-x86",
    smbios=True,
    counts=False,
    # Where they are translated, these take a fifth of a boot's time: copies byte by byte, checks of
    # each access to a program's memory, and drivers for machines in the machine.
    translated="max,erms=off,fsrm=off,smap=off,smep=off,svm=off,la57=off",
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

_AAVMF = "/usr/share/AAVMF/AAVMF"

_ARM = Binary(
    machine=40,
    code=bytes.fromhex("0170a0e3 0000a0e3 000000ef"),
    emulator="arm",
    bits=32,
    flags=0x05000000,
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
            native_on=("x86_64",),
            binary=Binary(
                machine=62, code=bytes.fromhex("31ff b83c000000 0f05"), emulator="x86_64"
            ),
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
            native_on=("x86_64", "i686"),
            binary=Binary(
                machine=3, code=bytes.fromhex("31db b801000000 cd80"), emulator="i386", bits=32
            ),
            kernel="686",
            last_suite="bookworm",
            serial="ttyS0,115200n8",
            bios="i386-pc",
            efi=Efi(platform="i386-efi", suffix="ia32", package="ia32"),
            ieee1275="i386-ieee1275",
            # Without SSE2: OpenSSL multiplies with it, and where that is translated, the keys of
            # an SSH server take a minute more.
            qemu=replace(
                _PC,
                translated="pentium3",
                uefi=Board(
                    machine="q35,smm=on,graphics=off",
                    code="/usr/share/OVMF/OVMF32_CODE_4M.secboot.fd",
                    variables="/usr/share/OVMF/OVMF32_VARS_4M.fd",
                    package="ovmf-ia32",
                    guarded=True,
                ),
                secure_boot=None,
            ),
        ),
    )
    ARM64 = (
        "arm64",
        ArchTraits(
            uname=("aarch64",),
            native_on=("aarch64",),
            binary=Binary(
                machine=183,
                code=bytes.fromhex("a80b80d2 000080d2 010000d4"),
                emulator="aarch64",
                # By default it signs pointers, with a cipher: most things take ten times as long.
                processor="neoverse-n1",
            ),
            kernel="arm64",
            cloud_kernel=True,
            serial="ttyAMA0,115200n8",
            efi=Efi(platform="arm64-efi", suffix="aa64", package="arm64", signed=True),
            qemu=Qemu(
                program="qemu-system-aarch64",
                package="qemu-system-arm",
                translated="neoverse-n1",
                smbios=True,
                uefi=Board(
                    # KVM has only the interrupt controllers that the processor has.
                    machine="virt,gic-version=max",
                    code=f"{_AAVMF}_CODE.fd",
                    variables=f"{_AAVMF}_VARS.fd",
                    package="qemu-efi-aarch64",
                ),
            ),
        ),
    )
    ARMHF = (
        "armhf",
        ArchTraits(
            uname=("armv7l",),
            native_on=("armv7l", "aarch64"),
            binary=_ARM,
            kernel="armmp",
            serial="ttyAMA0,115200n8",
            efi=Efi(platform="arm-efi", suffix="arm", package="arm"),
            qemu=Qemu(
                program="qemu-system-arm",
                package="qemu-system-arm",
                translated="cortex-a15",
                uefi=Board(
                    machine="virt,highmem=off",
                    code=f"{_AAVMF}32_CODE.fd",
                    variables=f"{_AAVMF}32_VARS.fd",
                    package="qemu-efi-arm",
                ),
            ),
        ),
    )
    ARMEL = "armel", ArchTraits(native_on=("armv7l", "aarch64"), binary=_ARM)
    PPC64EL = (
        "ppc64el",
        ArchTraits(
            uname=("ppc64le",),
            native_on=("ppc64le",),
            binary=Binary(
                machine=21,
                code=bytes.fromhex("01000038 00006038 02000044"),
                emulator="ppc64le",
                flags=2,
            ),
            kernel="powerpc64le",
            serial="hvc0",
            ieee1275="powerpc-ieee1275",
            qemu=Qemu(
                program="qemu-system-ppc64",
                package="qemu-system-ppc",
                translated="power9",
                ieee1275=Board(machine="pseries"),
            ),
        ),
    )
    RISCV64 = (
        "riscv64",
        ArchTraits(
            uname=("riscv64",),
            native_on=("riscv64",),
            binary=Binary(
                machine=243, code=bytes.fromhex("9308d005 13050000 73000000"), emulator="riscv64"
            ),
            kernel="riscv64",
            serial="ttyS0,115200n8",
            efi=Efi(platform="riscv64-efi", suffix="riscv64", package="riscv64"),
            qemu=Qemu(
                program="qemu-system-riscv64",
                # Since trixie it needs the package that has it.
                package="qemu-system-misc",
                translated="rv64",
                uefi=Board(
                    machine="virt",
                    loaded="/usr/lib/u-boot/qemu-riscv64_smode/uboot.elf",
                    package="u-boot-qemu",
                ),
            ),
        ),
    )
    S390X = (
        "s390x",
        ArchTraits(
            uname=("s390x",),
            native_on=("s390x",),
            binary=Binary(
                machine=22,
                code=bytes.fromhex("a7290000 0a01"),
                emulator="s390x",
                big_endian=True,
            ),
            kernel="s390x",
            needs_disk="zipl",
        ),
    )
    LOONG64 = (
        "loong64",
        ArchTraits(
            uname=("loongarch64",),
            native_on=("loongarch64",),
            binary=Binary(
                machine=258,
                code=bytes.fromhex("0b748103 04008003 00002b00"),
                emulator="loongarch64",
            ),
            kernel="loong64",
        ),
    )
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
