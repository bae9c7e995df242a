"""A system that runs keeps booting when its kernel and its GRUB are installed anew."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from vmdsl.boot.accel import choose
from vmdsl.boot.console import Console
from vmdsl.boot.machine import Firmware, Machine
from vmdsl.boot.running import running

pytestmark = pytest.mark.integration

MINUTES = 60
BOOTS = r"^\s*(linux|initrd|search|menuentry|submenu)\s"
#: What the configuration starts.
ENTRIES = f"grep -E '{BOOTS}' /boot/grub/grub.cfg | sed 's/--hint[^ ]* //g'"
CORES = (
    "md5sum /boot/grub/x86_64-efi/core.efi /boot/efi/EFI/BOOT/BOOTX64.EFI /boot/efi/EFI/debian/*"
)

QUICKER = r"printf 'MODULES=dep\nCOMPRESSLEVEL=1\n' >/etc/initramfs-tools/conf.d/quicker"


@pytest.fixture(scope="module")
def boots(user: Any) -> Any:
    """Boots an image, which keeps what the guest writes, with variables of the firmware as new."""
    accel = choose(user.home / "accel")

    def boot(image: Path, firmware: Firmware, *commands: str) -> list[str]:
        machine = Machine(image=image, firmware=firmware, keep=True, accel=accel)
        with running(machine) as console:
            console.login(timeout=10 * MINUTES)
            said = [done(console, command) for command in commands]
            console.power_off(timeout=5 * MINUTES)
        return said

    return boot


def done(console: Console, command: str) -> str:
    """What a command said; it must succeed."""
    answer = console.run(f"export DEBIAN_FRONTEND=noninteractive\n{command}", timeout=20 * MINUTES)
    assert answer.status == 0, f"{command}: {answer.output}"
    assert "grub-install:" not in answer.output, f"{command}: {answer.output}"
    return answer.output.strip()


def test_a_kernel_and_grub_are_installed_anew(user: Any, boots: Any) -> None:
    image = user.folder("upgrades") / "upgrades.img"
    recipe = user.checkout / "tests/integration/recipes/upgrades.py"
    built = user.build(recipe, "--output", image, timeout=20 * MINUTES)
    assert built.returncode == 0, built.stdout

    old, before, after, *_ = boots(
        image,
        Firmware.BIOS,
        "uname -r",
        ENTRIES,
        f"update-grub 2>&1; {ENTRIES}",
        "dpkg-reconfigure grub-pc 2>&1",
        "dpkg --install /root/debs/grub-pc_*.deb 2>&1",
        "grub-install /dev/vda 2>&1",
        QUICKER,
        "dpkg --install /root/debs/linux-image-*.deb 2>&1",
        "sync",
    )
    assert after.splitlines()[-len(before.splitlines()) :] == before.splitlines()

    new, line = boots(image, Firmware.BIOS, "uname -r", "cat /proc/cmdline")
    assert new != old
    assert "cloud" in new
    assert "net.ifnames=0" in line.split()

    under_uefi, made, renewed, entry, *_ = boots(
        image,
        Firmware.UEFI,
        "uname -r",
        CORES,
        f"dpkg --install /root/debs/grub-efi-amd64_*.deb 2>&1; {CORES}",
        "efibootmgr",
        "dpkg-reconfigure grub-efi-amd64 2>&1",
        "grub-install 2>&1",
        "sync",
    )
    assert under_uefi == new
    assert sums(made, 3) != sums(renewed, 3), "the package did not install GRUB"
    assert "debian" in entry

    again, line = boots(image, Firmware.UEFI, "uname -r", "cat /proc/cmdline")
    assert again == new
    assert "net.ifnames=0" in line.split()


def sums(text: str, count: int) -> set[str]:
    """The one checksum of GRUB's core image, wherever it lies."""
    found = [line.split()[0] for line in text.splitlines() if line.endswith((".efi", ".EFI"))]
    assert len(found) == count
    assert len(set(found)) == 1, "the modules are renewed, and what firmware starts is not"
    return set(found)


def test_signed_files_stay_so(built: Any, boots: Any, tmp_path: Path) -> None:
    image = tmp_path / "secure.img"
    original = built["secure_boot"].look.image
    subprocess.run(["cp", "--sparse=always", original, image], check=True)
    boots(
        image,
        Firmware.UEFI,
        "dpkg-reconfigure shim-signed 2>&1",
        "dpkg-reconfigure grub-efi-amd64 2>&1",
        "grub-install 2>&1",
        "update-grub 2>&1",
        "cmp /usr/lib/shim/shimx64.efi.signed /boot/efi/EFI/BOOT/BOOTX64.EFI",
        "sync",
    )
    state, locked = boots(
        image, Firmware.SECURE_BOOT, "mokutil --sb-state", "cat /sys/kernel/security/lockdown"
    )
    assert state == "SecureBoot enabled"
    assert "[integrity]" in locked
