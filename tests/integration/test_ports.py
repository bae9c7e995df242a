"""Ports of other projects' recipes: each is built, looked into, and booted if QEMU can."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cards import card_of
from vmdsl.boot.firmware import find_firmware
from vmdsl.boot.machine import Firmware, Machine
from vmdsl.boot.running import running
from vmdsl.machines import Arch

pytestmark = [pytest.mark.integration, pytest.mark.long]

MIB, MINUTES = 2**20, 60
PARAMETERS = "clk_ignore_unused pd_ignore_unused audit=0 deferred_probe_timeout=30"


def test_qualcomm(
    user: Any, host_mirror: str, accel_of: Callable[..., Any], tmp_path: Path
) -> None:
    """The disk is one with UFS. What U-Boot and the firmware start is what Debian's packages have.

    No board is needed to boot it, as it is for any machine with UEFI.
    """
    image = user.folder("qualcomm") / "qualcomm.img"
    recipe = user.checkout / "recipes/ports/qualcomm.py"
    words = ("--backports", host_mirror, "--no-comfortable", "--console-login")
    done = user.build(recipe, *words, "--output", image, timeout=90 * MINUTES)
    assert done.returncode == 0, done.stdout

    card = card_of(image)
    assert card.starts == (4 * MIB, 520 * MIB)
    esp = card.copy_fat(1, tmp_path / "esp")
    (entry,) = (esp / "loader/entries").iterdir()
    release = entry.stem.removeprefix("debian-")
    lines = [line.split(maxsplit=1) for line in entry.read_text().splitlines() if line[0] != "#"]
    menu = {words[0]: words[1].strip() for words in lines}
    assert menu["options"] == f"root=UUID={card.uuid(2)} {PARAMETERS}"
    boot = card.copy(2, "/boot", tmp_path)
    for key, name in (("linux", "vmlinuz"), ("initrd", "initrd.img")):
        copy = esp / menu[key].lstrip("/")
        assert copy.read_bytes() == (boot / f"{name}-{release}").read_bytes()
    (loader,) = card.copy(2, "/usr/lib/systemd/boot/efi", tmp_path).glob("systemd-boot*")
    assert (esp / "EFI/BOOT/BOOTAA64.EFI").read_bytes() == loader.read_bytes()
    trees = card.copy(2, f"/usr/lib/modules/{release}/dtb", tmp_path)
    names = sorted(tree.name for tree in (trees / "qcom").iterdir())
    assert "qcs6490-rb3gen2.dtb" in names
    for name in names:
        assert (esp / "dtb/qcom" / name).read_bytes() == (trees / "qcom" / name).read_bytes()

    found = find_firmware(image)
    assert (found.arch, found.firmware, found.sector) == (Arch.ARM64, Firmware.UEFI, 4096)
    machine = Machine(
        image=image,
        firmware=found.firmware,
        arch=found.arch,
        accel=accel_of(found.arch),
        sector=found.sector,
    )
    with running(machine) as console:
        console.login(timeout=20 * MINUTES)
        assert console.run("uname -r").output.strip() == release
        assert console.run("cat /sys/class/block/vda/queue/logical_block_size").output == "4096\n"
        assert console.run("findmnt -no FSTYPE /").output.strip() == "ext4"
        console.power_off(timeout=10 * MINUTES)
