"""GRUB on a PReP partition, started by the firmware of a POWER machine."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest

pytestmark = pytest.mark.integration

QEMU = (
    *("qemu-system-ppc64", "-machine", "pseries", "-nodefaults", "-m", "1G", "-no-reboot"),
    *("-display", "none", "-serial", "stdio", "-monitor", "none"),
)
ELF = b"\x7fELF\x01\x02\x01"  # 32 bits, big-endian


def test_powers_firmware_starts_grub_which_reads_its_configuration(user: Any, base: Any) -> None:
    image = user.folder("power") / "power.img"
    recipe = user.checkout / "tests/integration/recipes/prep.py"
    done = user.build(recipe, "--output", image, "--tarball", base.tarball)
    assert done.returncode == 0, done.stdout

    vmdsl = user.checkout / ".venv/bin/vmdsl"
    plan = user.run(vmdsl, "plan", recipe, "--json", "--tarball", base.tarball)
    prep, _ = json.loads(plan.stdout)["layout"]["partitions"]
    with image.open("rb") as disk:
        assert os.pread(disk.fileno(), len(ELF), prep["start"]) == ELF

    drive = ("-drive", f"if=virtio,format=raw,snapshot=on,file={image}")
    ran = subprocess.run(
        [*QEMU, *drive], stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False
    )
    assert b"grub.cfg of powerpc-ieee1275, from ieee1275/disk,gpt2" in ran.stdout, ran.stdout
    assert ran.returncode == 0, ran.stderr
