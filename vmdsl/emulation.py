"""Programs of other architectures, which the kernel hands over to QEMU's user mode.

The rules by which it does that are those of binfmt_misc: since Linux 6.7 a user namespace has its
own, and so a sandbox needs nothing of the machine but QEMU's programs. Before that, the rules of
the whole machine count.
"""

from __future__ import annotations

import platform
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from vmdsl import programs
from vmdsl.machines import Arch, Binary

#: Where the rules are, of the machine and of a sandbox.
RULES = Path("/proc/sys/fs/binfmt_misc")
_PACKAGE = "qemu-user-static"
#: The first Linux of which user namespaces have rules of their own.
_OWN_RULES = (6, 7)
#: Runs the program in the directory $1 as those of a tree run, by the rule $2 in rules of its own,
#: which are in $3 then. Where there can be none, or there is no rule, the machine's must serve.
_ENABLE = """\
if [ -n "$2" ]; then
    mountpoint --quiet "$3" || said=$(mount -t binfmt_misc binfmt_misc "$3" 2>&1)
    ! mountpoint --quiet "$3" || printf %s "$2" >"$3/register"
fi
chroot "$1" /program || { code=$?; echo "$said" >&2; exit "$code"; }
"""
#: How many bytes of a program say which machine it is for.
START_OF_ELF = 20
_ADDRESS = 0x400000
_LONG = 64
_EXECUTABLE, _LOADED, _READ_AND_RUN = 2, 1, 5
#: Opened when it is added (F), with the program's own ids (C, which needs O) and first word (P).
_FLAGS = "OCPF"


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """Why a machine cannot run an architecture's programs, and what to do."""

    what: str
    hint: str


def is_native(arch: Arch) -> bool:
    """Return whether this machine is one of those that run an architecture without emulation."""
    return platform.machine() in arch.traits.native_on


def is_64_bit(arch: Arch) -> bool:
    """Return whether an architecture's programs have addresses of 64 bits."""
    return arch.traits.binary is not None and arch.traits.binary.bits == _LONG


def emulator_of(arch: Arch) -> str:
    """Return the path of QEMU's program for an architecture, or "" if there is none."""
    if arch.traits.binary is None:
        return ""
    name = f"qemu-{arch.traits.binary.emulator}"
    return programs.find(f"{name}-static") or programs.find(name) or ""


def obstacle(arch: Arch, *, rules: Path = RULES, release: str = "") -> Obstacle | None:
    """Return why programs of an architecture cannot run here, as far as can be seen from outside.

    `rules` are the machine's, and `release` is the kernel's, by default that of this one.
    """
    what = f"this machine ({platform.machine()}) cannot run programs of {arch}"
    if arch.traits.binary is None:
        return Obstacle(what=what, hint=f"build it on a machine that is {arch}")
    if _has_rule(arch.traits.binary, rules):
        return None
    if not emulator_of(arch):
        return Obstacle(what=what, hint=programs.apt_get_install([_PACKAGE]))
    version = re.match(r"(\d+)\.(\d+)", release or platform.release())
    if version and (int(version[1]), int(version[2])) < _OWN_RULES:
        need = "before Linux 6.7, emulation is set up for the whole machine"
        return Obstacle(
            what=f"{what}: {need}",
            hint="as root: apt-get install --reinstall qemu-user-static binfmt-support",
        )
    return None


def _has_rule(binary: Binary, rules: Path) -> bool:
    """Return whether the machine itself has a rule that is good for trees."""
    try:
        text = (rules / f"qemu-{binary.emulator}").read_text(encoding="utf-8")
    except OSError:
        return False
    flags = next((line for line in text.splitlines() if line.startswith("flags:")), "")
    return text.startswith("enabled") and "F" in flags


def enable(arch: Arch, place: Path) -> Obstacle | None:
    """Let programs of an architecture run in this sandbox. Returns what is in the way of that.

    `place` is an empty directory for a program that is tried. The sandbox has a /proc of its own.
    """
    if problem := obstacle(arch):
        return problem
    assert arch.traits.binary is not None  # noqa: S101 (that would be an obstacle)
    program = place / "program"
    program.write_bytes(smallest_program(arch.traits.binary))
    program.chmod(0o755)
    emulator = emulator_of(arch)
    rule = rule_for(arch.traits.binary, emulator) if emulator else ""
    done = programs.run(["sh", "-c", _ENABLE, "sh", str(place), rule, str(RULES)])
    program.unlink()
    if done.ok:
        return None
    said = done.output.strip() or f"exit code {done.code}"
    hint = "in a container, it may be forbidden; vmdsl doctor says what else is"
    return Obstacle(what=f"programs of {arch} cannot run in the sandbox: {said}", hint=hint)


def rule_for(binary: Binary, emulator: str) -> str:
    """Return binfmt_misc's rule that hands an architecture's programs over to an emulator."""
    magic = _start_of_elf(binary)
    mask = bytearray(b"\xff" * len(magic))
    mask[7] = 0  # the operating system that it is for
    low_byte = 17 if binary.big_endian else 16
    mask[low_byte] = 0xFE  # at a fixed address (2), or at any (3)
    parts = ("", f"vmdsl-{binary.emulator}", "M", "", escaped(magic), escaped(mask), emulator)
    return ":".join((*parts, _FLAGS))


def escaped(data: bytes | bytearray) -> str:
    """Return bytes as they are written in a rule."""
    return "".join(f"\\x{byte:02x}" for byte in data)


def smallest_program(binary: Binary) -> bytes:
    """Return a program of an architecture that ends at once, without an error."""
    order, words = ">" if binary.big_endian else "<", "Q" if binary.bits == _LONG else "I"
    header, segment = (64, 56) if words == "Q" else (52, 32)
    size = header + segment + len(binary.code)
    head = _start_of_elf(binary) + struct.pack(
        f"{order}I{words * 3}IHHHHHH",
        *(1, _ADDRESS + header + segment, header, 0, binary.flags),
        *(header, segment, 1, 0, 0, 0),
    )
    where = (0, _ADDRESS, _ADDRESS, size, size)
    if words == "Q":
        table = struct.pack(f"{order}II6Q", _LOADED, _READ_AND_RUN, *where, 0x1000)
    else:
        table = struct.pack(f"{order}8I", _LOADED, *where, _READ_AND_RUN, 0x1000)
    return head + table + binary.code


def arch_of_program(start: bytes) -> Arch | None:
    """Return the architecture of a program that starts with these bytes, as far as that shows.

    Programs of armel are taken for those of armhf, which the same emulator runs.
    """
    for arch in Arch:
        if binary := arch.traits.binary:
            known = _start_of_elf(binary)
            if start[:7] == known[:7] and start[18:START_OF_ELF] == known[18:]:
                return arch
    return None


def _start_of_elf(binary: Binary) -> bytes:
    """Return the first bytes of an executable: what it is, and for which machine."""
    kind, order = (2 if binary.bits == _LONG else 1), (2 if binary.big_endian else 1)
    numbers = (_EXECUTABLE, binary.machine)
    return bytes([0x7F, *b"ELF", kind, order, 1, *[0] * 9]) + struct.pack(
        ">HH" if binary.big_endian else "<HH", *numbers
    )
