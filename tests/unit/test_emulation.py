"""The rules of binfmt_misc, the programs that are tried, and what is in the way of emulation."""

from __future__ import annotations

import platform
import struct
from pathlib import Path

import pytest

from vmdsl import programs
from vmdsl.emulation import (
    arch_of_program,
    emulator_of,
    is_native,
    obstacle,
    rule_for,
    smallest_program,
)
from vmdsl.machines import Arch

KNOWN = [arch for arch in Arch if arch.traits.binary]


@pytest.fixture(autouse=True)
def a_pc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(programs, "find", lambda program: f"/usr/bin/{program}")


def rule_file(folder: Path, flags: str, state: str = "enabled") -> None:
    lines = (state, "interpreter /usr/bin/qemu-riscv64-static", f"flags: {flags}", "offset 0")
    (folder / "qemu-riscv64").write_text("".join(f"{line}\n" for line in lines))


def test_architectures_of_debian_with_a_kernel_can_be_emulated() -> None:
    assert {arch for arch in Arch if arch.kernel} <= set(KNOWN)


def test_a_rule_has_its_magic_mask_and_flags() -> None:
    binary = Arch.ARM64.traits.binary
    assert binary is not None
    zeros = r"\x00" * 8
    assert rule_for(binary, "/usr/bin/qemu-aarch64-static") == (
        rf":vmdsl-aarch64:M::\x7f\x45\x4c\x46\x02\x01\x01\x00{zeros}\x02\x00\xb7\x00:"
        r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:"
        "/usr/bin/qemu-aarch64-static:OCPF"
    )


def matches(rule: str, program: bytes) -> bool:
    """Do as the kernel does with a rule."""
    magic, mask = (bytes.fromhex(part.replace(r"\x", "")) for part in rule.split(":")[4:6])
    start = program[: len(magic)]
    return all((a & m) == (b & m) for a, b, m in zip(magic, start, mask, strict=True))


@pytest.mark.parametrize("arch", KNOWN)
def test_a_rule_is_for_programs_of_its_architecture_alone(arch: Arch) -> None:
    binary = arch.traits.binary
    assert binary is not None
    rule = rule_for(binary, "/qemu")
    fits = {
        o for o in KNOWN if o.traits.binary and matches(rule, smallest_program(o.traits.binary))
    }
    assert fits == {other for other in KNOWN if other.traits.binary == binary}


@pytest.mark.parametrize("arch", KNOWN)
def test_a_rule_is_for_programs_at_any_address_and_of_any_system(arch: Arch) -> None:
    binary = arch.traits.binary
    assert binary is not None
    program = bytearray(smallest_program(binary))
    order = ">H" if binary.big_endian else "<H"
    struct.pack_into(order, program, 16, 3)  # position-independent
    program[7] = 3  # for Linux
    assert matches(rule_for(binary, "/qemu"), bytes(program))
    struct.pack_into(order, program, 16, 1)  # an object file
    assert not matches(rule_for(binary, "/qemu"), bytes(program))


@pytest.mark.parametrize(
    ("machine", "arch", "native"),
    [
        ("x86_64", Arch.I386, True),
        ("aarch64", Arch.ARMHF, True),
        ("aarch64", Arch.AMD64, False),
        ("x86_64", Arch.ARM64, False),
    ],
)
def test_native(monkeypatch: pytest.MonkeyPatch, machine: str, arch: Arch, *, native: bool) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert is_native(arch) is native


def test_the_emulator_of_either_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert emulator_of(Arch.ARMHF) == "/usr/bin/qemu-arm-static"
    monkeypatch.setattr(programs, "find", lambda p: None if "static" in p else f"/usr/bin/{p}")
    assert emulator_of(Arch.ARMHF) == "/usr/bin/qemu-arm"
    assert emulator_of(Arch.ALPHA) == ""


def test_nothing_is_in_the_way_of_a_new_kernel(tmp_path: Path) -> None:
    assert obstacle(Arch.RISCV64, rules=tmp_path, release="6.7.0-1-amd64") is None
    assert obstacle(Arch.RISCV64, rules=tmp_path, release="6.12.43+deb13-amd64") is None


def test_a_kernel_without_rules_of_the_sandbox(tmp_path: Path) -> None:
    found = obstacle(Arch.RISCV64, rules=tmp_path, release="6.1.0-40-amd64")
    assert found is not None
    assert found.what == (
        "this machine (x86_64) cannot run programs of riscv64: before Linux 6.7, emulation is set "
        "up for the whole machine"
    )
    assert "binfmt-support" in found.hint


@pytest.mark.parametrize(
    ("flags", "state", "serves"),
    [("OCF", "enabled", True), ("OC", "enabled", False), ("OCPF", "disabled", False)],
)
def test_a_rule_of_the_machine(tmp_path: Path, flags: str, state: str, *, serves: bool) -> None:
    rule_file(tmp_path, flags, state)
    assert (obstacle(Arch.RISCV64, rules=tmp_path, release="6.1.0") is None) is serves


def test_without_an_emulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(programs, "find", lambda _: None)
    found = obstacle(Arch.RISCV64, rules=tmp_path, release="6.12")
    assert found is not None
    assert found.hint.endswith(" qemu-user-static")
    rule_file(tmp_path, "OCPF")
    assert obstacle(Arch.RISCV64, rules=tmp_path, release="6.12") is None


def test_an_architecture_that_nothing_emulates(tmp_path: Path) -> None:
    found = obstacle(Arch.ALPHA, rules=tmp_path, release="6.12")
    assert found is not None
    assert found.what == "this machine (x86_64) cannot run programs of alpha"


@pytest.mark.parametrize("arch", KNOWN)
def test_the_start_of_a_program_says_whose_it_is(arch: Arch) -> None:
    binary = arch.traits.binary
    assert binary is not None
    program = bytearray(smallest_program(binary))
    program[17 if binary.big_endian else 16] = 3  # at any address
    found = arch_of_program(bytes(program))
    assert found is not None
    assert found.traits.binary == binary


def test_a_script_is_of_no_architecture() -> None:
    assert arch_of_program(b"#!/bin/sh\nexec true\n") is None
    assert arch_of_program(b"") is None
