"""What a sound plan cannot be built for."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from plans import plan_of
from vmdsl import emulation, programs
from vmdsl.emulation import Obstacle
from vmdsl.errors import HostError, Problem
from vmdsl.plan.evaluate import evaluate
from vmdsl.plan.load import load
from vmdsl.plan.rules.machine import obstacles

Write = Callable[[str], Path]

SYSTEM = """
@step
def root() -> Mounted[Ext4]:
    return mount(mkext4(mkpart(mkgpt(mkimg(GiB(4))))))


@step
def system() -> RootFs:
    return {made}


@step
def motd() -> None:
    create_file(system(), "/etc/motd", "")
"""
DEBOOTSTRAP = 'debootstrap(root(), suite="trixie", arch=Arch.{})'


@pytest.fixture(autouse=True)
def every_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "find", lambda program: f"/usr/bin/{program}")


def found(path: Path) -> tuple[Problem, ...]:
    result = evaluate(load(path), {})
    assert result.problems == ()
    return obstacles(result.operations)


@pytest.mark.parametrize(
    ("machine", "arch", "needs"),
    [
        ("x86_64", "AMD64", False),
        ("x86_64", "I386", False),
        ("aarch64", "ARM64", False),
        ("aarch64", "ARMHF", False),
        ("riscv64", "RISCV64", False),
        ("x86_64", "ARM64", True),
        ("aarch64", "AMD64", True),
        ("x86_64", "SPARC64", True),
    ],
)
@pytest.mark.parametrize("may", [True, False])
def test_emulation_is_needed_for_what_the_machine_does_not_run(  # noqa: PLR0917 (a table)
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    machine: str,
    arch: str,
    needs: bool,  # noqa: FBT001
    may: bool,  # noqa: FBT001
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    problem = None if may else Obstacle(what="no emulation", hint="")
    monkeypatch.setattr(emulation, "obstacle", lambda _: problem)
    problems = [p.what for p in found(write(SYSTEM.format(made=DEBOOTSTRAP.format(arch))))]
    assert problems == (["no emulation"] if needs and not may else [])


def test_the_place_and_the_hint_of_emulation(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(programs, "find", lambda program: None if "qemu" in program else program)
    arch, hint = "RISCV64", "As root: apt-get install --no-install-recommends qemu-user-static"
    path = write(SYSTEM.format(made=DEBOOTSTRAP.format(arch)))
    (obstacle,) = found(path)
    assert obstacle.step == "system"
    assert obstacle.where
    assert "debootstrap(" in path.read_text().splitlines()[obstacle.where.line - 1]
    assert obstacle.hint == hint


def test_system_of_a_tarball(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    made = 'system_from(root(), "a.tar", suite="trixie", arch=Arch.ALPHA)'
    (obstacle,) = found(write(SYSTEM.format(made=made)))
    assert obstacle.what == "this machine (x86_64) cannot run programs of alpha"
    assert obstacle.hint == "build it on a machine that is alpha"


def test_missing_programs(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(programs, "find", lambda program: program != "mmdebstrap" or None)
    path = write(SYSTEM.format(made=DEBOOTSTRAP.format("AMD64")))
    (obstacle,) = found(path)
    assert (obstacle.step, obstacle.what) == ("system", "this machine has no program mmdebstrap")
    with pytest.raises(HostError, match="apt-get install --no-install-recommends mmdebstrap"):
        replace(plan_of(path), obstacles=(obstacle,)).require_buildable()


def test_only_what_has_none_can_be_built(write: Write) -> None:
    plan = plan_of(write(SYSTEM.format(made=DEBOOTSTRAP.format("AMD64"))))
    plan.require_buildable()
    with pytest.raises(HostError, match="it"):
        replace(plan, obstacles=(Problem(what="it"),)).require_buildable()
