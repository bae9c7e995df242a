"""Recipes for several architectures: each is built, boots until all runs, and powers off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from vmdsl.boot.firmware import find_firmware
from vmdsl.boot.machine import Machine
from vmdsl.boot.running import running
from vmdsl.machines import Arch

pytestmark = [pytest.mark.integration, pytest.mark.long]

MINUTES = 60


@pytest.mark.parametrize(
    ("recipe", "arch", "suite"),
    [
        ("uefi", Arch.ARM64, "trixie"),
        ("uefi", Arch.ARMHF, "trixie"),
        ("uefi", Arch.RISCV64, "trixie"),
        ("ci_worker", Arch.PPC64EL, "bookworm"),
    ],
)
def test_an_image_of_another_architecture_boots(
    user: Any,
    *,
    host_mirror: str,
    accel_of: Callable[..., Any],
    recipe: str,
    arch: Arch,
    suite: str,
) -> None:
    image = user.folder(arch) / f"{arch}.img"
    source = user.checkout / f"recipes/{recipe}.py"
    words = ("--arch", arch, "--suite", suite, "--mirror", host_mirror, "--console-login")
    done = user.build(source, *words, "--output", image, timeout=60 * MINUTES)
    assert done.returncode == 0, done.stdout

    found = find_firmware(image)
    assert found.arch is arch
    machine = Machine(image=image, firmware=found.firmware, arch=arch, accel=accel_of(arch))
    with running(machine) as console:
        console.login(timeout=20 * MINUTES)
        state = console.run("systemctl is-system-running --wait", timeout=10 * MINUTES)
        failed = console.run("systemctl --failed --no-legend --plain").output
        assert (state.output.strip(), failed.strip()) == ("running", ""), console.transcript
        assert console.run("uname -m").output.strip() in arch.traits.uname
        assert console.run("dpkg --print-architecture").output.strip() == arch
        console.power_off(timeout=5 * MINUTES)
