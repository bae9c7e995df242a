"""A virtual machine and its QEMU command line."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import assert_never

from vmdsl import programs
from vmdsl.builder.image.formats import format_of
from vmdsl.errors import HostError, Problem, UsageError
from vmdsl.machines import Arch, Board, Qemu
from vmdsl.values import SECTOR, GiB, Size

_NO_LIMIT = "[Unit]\nJobRunningTimeoutSec=infinity\n"
#: The guest's clock is this machine's, or counts an instruction as a nanosecond. Then it is as slow
#: as the guest's processor, and nothing in the guest gives up on what takes long here.
_REAL_CLOCK = ("-accel", "tcg,thread=multi")
_OWN_CLOCK = ("-accel", "tcg,thread=single", "-icount", "shift=0")


class Firmware(StrEnum):
    """The firmware that starts the boot loader."""

    BIOS = "bios"
    UEFI = "uefi"
    SECURE_BOOT = "secure-boot"
    """UEFI that starts only what Microsoft has signed, as most machines do when they are new."""
    IEEE1275 = "ieee1275"
    """Open Firmware, which POWER machines have."""


class Accel(StrEnum):
    """The way QEMU runs the guest's code: on the processor (KVM), or translated (TCG)."""

    KVM = "kvm"
    TCG = "tcg"


class Serial(StrEnum):
    """The end of the guest's first serial port on this machine.

    PIPES: QEMU's standard input and output; a reboot ends the machine.
    TERMINAL: the user's terminal, shared with QEMU's monitor; a reboot reboots the machine.
    """

    PIPES = "pipes"
    TERMINAL = "terminal"


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A machine that boots `image`.

    Its writes to the image are discarded unless `keep` is set; those to the firmware's variables
    always are. `disks` are further disks, read-only. `ssh_port` is a port on this machine's
    loopback interface that is forwarded to the guest's port 22. `credentials` are those that
    systemd reads from the firmware's tables, by name. `sector` is the size of the sectors of the
    image's disk, in bytes.

    There is one processor unless `cpus` says otherwise: kernels patch their own code at
    boot, and panic now and then when TCG translates it for several processors at once.
    """

    image: Path
    firmware: Firmware
    arch: Arch = Arch.AMD64
    memory: Size = field(default_factory=lambda: GiB(1))
    cpus: int = 1
    network: bool = True
    ssh_port: int | None = None
    disks: tuple[Path, ...] = ()
    credentials: tuple[tuple[str, str], ...] = ()
    keep: bool = False
    accel: Accel = Accel.TCG
    sector: int = SECTOR


def argv(machine: Machine, serial: Serial = Serial.PIPES) -> tuple[str, ...]:
    """Return the command line that starts QEMU as this machine.

    `snapshot=on` sends writes to a file in $TMPDIR (else /var/tmp) that QEMU unlinks as soon as
    it has opened it, so that nothing is left however QEMU ends.
    """
    board = _board(machine)
    return (
        qemu_of(machine.arch).program,
        "-nodefaults",
        *("-machine", board.machine),
        *_processor(machine),
        *("-smp", str(machine.cpus)),
        *("-m", f"{machine.memory.bytes // 2**20}M"),
        *_firmware(board),
        *_credentials(machine),
        *_disk(machine),
        *(word for disk in machine.disks for word in ("-drive", f"{_drive(disk)},readonly=on")),
        *_network(machine),
        *("-device", "virtio-rng-pci"),
        *("-display", "none"),
        *_serial(serial),
    )


def qemu_of(arch: Arch) -> Qemu:
    """Return how QEMU runs an architecture. Raises UsageError if that is not known."""
    if arch.traits.qemu is None:
        raise UsageError(f"Images for {arch} cannot be booted here yet.", code="cannot-boot-here")
    return arch.traits.qemu


def bound(command: tuple[str, ...]) -> tuple[str, ...]:
    """Wrap a command so that the kernel kills it when the thread that starts it ends."""
    return ("setpriv", "--pdeathsig", "KILL", "--", *command)


def require(machine: Machine) -> None:
    """Raise HostError for each program or firmware file that this machine lacks."""
    if not machine.image.is_file():
        raise UsageError(f"There is no image {machine.image}.", code="no-such-file")
    qemu, board = qemu_of(machine.arch), _board(machine)
    packages = {qemu.program: qemu.package, "setpriv": "util-linux"}
    missing = {name: package for name, package in packages.items() if not programs.find(name)}
    files = [name for name in (board.code, board.variables, board.loaded) if name]
    missing |= {name: board.package for name in files if not Path(name).is_file()}
    if missing:
        raise HostError(
            *(
                Problem(
                    what=f"Booting an image needs {name}.",
                    hint=programs.apt_get_install((package,)),
                    code="missing-program",
                )
                for name, package in missing.items()
            )
        )


def _processor(machine: Machine) -> tuple[str, ...]:
    match machine.accel:
        case Accel.KVM:
            return ("-accel", "kvm", "-cpu", "host")
        case Accel.TCG:
            qemu = qemu_of(machine.arch)
            clock = _OWN_CLOCK if qemu.counts else _REAL_CLOCK
            return (*clock, "-cpu", qemu.translated)
    assert_never(machine.accel)


def _board(machine: Machine) -> Board:
    qemu = qemu_of(machine.arch)
    boards = {
        Firmware.BIOS: qemu.bios,
        Firmware.UEFI: qemu.uefi,
        Firmware.SECURE_BOOT: qemu.secure_boot,
        Firmware.IEEE1275: qemu.ieee1275,
    }
    board = boards[machine.firmware]
    if board is None:
        raise UsageError(
            f"QEMU has no machine of {machine.arch} with {machine.firmware}.",
            code="cannot-boot-here",
        )
    return board


def _firmware(board: Board) -> tuple[str, ...]:
    if board.loaded:
        return ("-kernel", board.loaded)
    if not board.code:
        return ()
    flash = "if=pflash,format=raw,unit={},{}=on,file={}"
    secure = ("-global", "driver=cfi.pflash01,property=secure,value=on")
    return (
        *("-drive", flash.format(0, "readonly", board.code)),
        *("-drive", flash.format(1, "snapshot", board.variables)),
        *(secure if board.guarded else ()),
    )


def _credentials(machine: Machine) -> Iterator[str]:
    """Yield the options for systemd's credentials. Raises UsageError where they cannot be read.

    systemd's getty waits for udev to find the serial port. In translated code that can take longer
    than the 90 seconds after which systemd gives up, so that it is asked not to. systemd 256 and
    newer read that; 252 and newer read credentials. A clock of its own needs no such patience.
    """
    qemu = qemu_of(machine.arch)
    if not qemu.smbios:
        if machine.credentials:
            raise UsageError(
                f"QEMU passes no credentials to machines of {machine.arch}.",
                code="cannot-boot-here",
            )
        return
    port = machine.arch.traits.serial.partition(",")[0]
    waits = machine.accel is Accel.TCG and not qemu.counts
    patience = ((f"systemd.unit-dropin.dev-{port}.device", _NO_LIMIT),) if waits else ()
    for name, value in (*patience, *machine.credentials):
        text = base64.b64encode(value.encode()).decode()
        yield from ("-smbios", f"type=11,value=io.systemd.credential.binary:{name}={text}")


def _disk(machine: Machine) -> tuple[str, ...]:
    drive = _drive(machine.image, keep=machine.keep)
    if machine.sector == SECTOR:
        return ("-drive", drive)
    sizes = f"logical_block_size={machine.sector},physical_block_size={machine.sector}"
    return (
        *("-drive", drive.replace("if=virtio", "if=none,id=disk", 1)),
        *("-device", f"virtio-blk-pci,drive=disk,{sizes}"),
    )


def _drive(image: Path, *, keep: bool = False) -> str:
    # QEMU reads `,,` as a comma; writes need not survive a crash.
    file = str(image.absolute()).replace(",", ",,")
    snapshot = "off" if keep else "on"
    return f"if=virtio,format={format_of(image).name},snapshot={snapshot},cache=unsafe,file={file}"


def _network(machine: Machine) -> tuple[str, ...]:
    if not machine.network:
        return ("-nic", "none")
    port = machine.ssh_port
    forward = f",hostfwd=tcp:127.0.0.1:{port}-:22" if port is not None else ""
    # No option ROM: the machine boots from its disk only, and starts faster.
    return ("-netdev", f"user,id=net{forward}", "-device", "virtio-net-pci,netdev=net,romfile=")


def _serial(serial: Serial) -> tuple[str, ...]:
    match serial:
        case Serial.PIPES:
            return ("-serial", "stdio", "-monitor", "none", "-no-reboot")
        case Serial.TERMINAL:
            return ("-serial", "mon:stdio")
    assert_never(serial)
