"""A virtual machine, and the QEMU command line that is it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import assert_never

from vmdsl import programs
from vmdsl.errors import HostError, Problem, UsageError
from vmdsl.host.packages import apt_get_install
from vmdsl.values import GiB, Size

QEMU = "qemu-system-x86_64"

_PACKAGES = {QEMU: "qemu-system-x86", "setpriv": "util-linux"}
_OVMF = "/usr/share/OVMF/OVMF_CODE_4M.fd"
_OVMF_VARIABLES = "/usr/share/OVMF/OVMF_VARS_4M.fd"
_FORMATS = {".qcow2": "qcow2", ".vdi": "vdi", ".vhdx": "vhdx", ".vmdk": "vmdk", ".vpc": "vpc"}


class Firmware(StrEnum):
    """What starts the boot loader."""

    BIOS = "bios"
    UEFI = "uefi"


class Accel(StrEnum):
    """How QEMU runs the guest's code: on the processor, or translated."""

    KVM = "kvm"
    TCG = "tcg"


class Serial(StrEnum):
    """Where the guest's first serial port goes.

    PIPES is QEMU's own standard input and output, and a reboot ends the machine.
    TERMINAL is the user's terminal, shared with QEMU's monitor, and a reboot is a reboot.
    """

    PIPES = "pipes"
    TERMINAL = "terminal"


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A PC that boots `image`, which it never changes: what the guest writes is lost.

    One processor, unless asked: a kernel rewrites its own code while it starts, and where QEMU
    translates it for several processors side by side, a boot panics in that now and then.
    """

    image: Path
    firmware: Firmware
    memory: Size = field(default_factory=lambda: GiB(1))
    cpus: int = 1
    network: bool = True
    accel: Accel = Accel.TCG


def argv(machine: Machine, serial: Serial = Serial.PIPES) -> tuple[str, ...]:
    """Say how QEMU is called for this machine.

    `snapshot=on` sends writes to a file in $TMPDIR (else /var/tmp) that QEMU removes as
    soon as it has opened it, so that nothing is left of it however QEMU ends.
    """
    return (
        QEMU,
        "-nodefaults",
        # The BIOS's console on the serial port too: it's where GRUB says why it stopped.
        *("-machine", "pc,graphics=off"),
        *_processor(machine.accel),
        *("-smp", str(machine.cpus)),
        *("-m", f"{machine.memory.bytes // 2**20}M"),
        *_firmware(machine.firmware),
        *("-drive", _drive(machine.image)),
        *_network(card=machine.network),
        *("-device", "virtio-rng-pci"),
        *("-display", "none"),
        *_serial(serial),
    )


def bound(command: tuple[str, ...]) -> tuple[str, ...]:
    """Let the kernel kill this program when the thread that starts it ends, even by SIGKILL."""
    return ("setpriv", "--pdeathsig", "KILL", "--", *command)


def require(machine: Machine) -> None:
    """Raise HostError for each program or firmware file that this machine lacks."""
    if not machine.image.is_file():
        raise UsageError(f"There is no image {machine.image}.")
    missing = {name: package for name, package in _PACKAGES.items() if not programs.find(name)}
    if machine.firmware is Firmware.UEFI:
        files = (_OVMF, _OVMF_VARIABLES)
        missing |= {name: "ovmf" for name in files if not Path(name).is_file()}
    if missing:
        raise HostError(
            *(
                Problem(what=f"Booting an image needs {name}.", hint=apt_get_install((package,)))
                for name, package in missing.items()
            )
        )


def _processor(accel: Accel) -> tuple[str, ...]:
    match accel:
        case Accel.KVM:
            return ("-accel", "kvm", "-cpu", "host")
        case Accel.TCG:
            return ("-accel", "tcg,thread=multi", "-cpu", "max")
    assert_never(accel)


def _firmware(firmware: Firmware) -> tuple[str, ...]:
    match firmware:
        case Firmware.BIOS:
            return ()
        case Firmware.UEFI:
            flash = "if=pflash,format=raw,unit={},{}=on,file={}"
            return (
                *("-drive", flash.format(0, "readonly", _OVMF)),
                *("-drive", flash.format(1, "snapshot", _OVMF_VARIABLES)),
            )
    assert_never(firmware)


def _drive(image: Path) -> str:
    form = _FORMATS.get(image.suffix, "raw")
    # QEMU reads `,,` as a comma; what was written need not survive a crash.
    file = str(image.absolute()).replace(",", ",,")
    return f"if=virtio,format={form},snapshot=on,cache=unsafe,file={file}"


def _network(*, card: bool) -> tuple[str, ...]:
    if not card:
        return ("-nic", "none")
    # No option ROM: the machine boots from its disk only, and starts faster.
    return ("-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=")


def _serial(serial: Serial) -> tuple[str, ...]:
    match serial:
        case Serial.PIPES:
            return ("-serial", "stdio", "-monitor", "none", "-no-reboot")
        case Serial.TERMINAL:
            return ("-serial", "mon:stdio")
    assert_never(serial)
