"""Every recipe's image boots on all that it is made for."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from guests import QUICK_START
from users import User
from vmdsl.boot.console import Console
from vmdsl.boot.firmware import find_firmware
from vmdsl.boot.machine import Accel, Firmware, Machine
from vmdsl.boot.running import running
from vmdsl.errors import BootError

pytestmark = pytest.mark.integration

MINUTES = 60
#: What the guest knows of its firmware; the variable's last byte says whether signatures count.
_FIRMWARE = r"""
if secure=$(od -An -t u1 /sys/firmware/efi/efivars/SecureBoot-*) && [ "${secure##* }" = 1 ]; then
    echo secure-boot
elif [ -e /sys/firmware/efi ]; then
    echo uefi
else
    echo bios
fi 2>/dev/null
"""
INSTALLED_ANEW = (
    "dpkg-reconfigure shim-signed 2>&1",
    "dpkg-reconfigure grub-efi-amd64 2>&1",  # it runs update-grub
    "grub-install 2>&1",
    "cmp /usr/lib/shim/shimx64.efi.signed /boot/efi/EFI/BOOT/BOOTX64.EFI",
    "sync",
)


@pytest.fixture(scope="module")
def accel(accel_of: Callable[..., Accel]) -> Accel:
    return accel_of()


@pytest.fixture(scope="module")
def own_ids() -> set[str]:
    """What the machines that ran before have made for themselves."""
    return set()


@pytest.fixture(scope="module")
def remastered(user: User) -> Callable[[Path], Path]:
    """Builds an image that starts from one that is there, with a file more."""

    def remastered(image: Path) -> Path:
        output = user.folder("remastered") / "remastered.img"
        recipe = user.checkout / "tests/integration/recipes/remastered.py"
        done = user.build(recipe, "--image", image, "--output", output)
        assert done.returncode == 0, done.stdout
        return output

    return remastered


def test_image_boots(
    name: str,
    firmware: Firmware,
    card: str,
    *,
    built: Callable[[str], Any],
    remastered: Callable[[Path], Path],
    promised: Mapping[str, Any],
    accel: Accel,
    own_ids: set[str],
) -> None:
    """The hybrid one, on a BIOS, is made from the image that starts with UEFI."""
    image, network = built(name), card == "network"
    # That is how `vmdsl boot` starts it, without --firmware.
    assert find_firmware(image.image).firmware is promised[name].boots[0][0]
    is_remastered = (name, firmware) == ("hybrid", Firmware.BIOS)
    file = remastered(image.image) if is_remastered else image.image
    before = file.stat()
    machine = Machine(
        image=file,
        firmware=firmware,
        network=network,
        credentials=() if name == "amd64_uefi" else QUICK_START,
        accel=accel,
    )
    with running(machine) as console:
        if (firmware, card) == promised[name].boots[-1]:
            console.login(timeout=10 * MINUTES)
            check(console, machine, image, promised[name])
            check_own_ids(console, own_ids)
        else:  # the rest is the same as with the firmware that comes last
            check_start(console, image)
        if name == "hybrid" and firmware is Firmware.UEFI:
            console.power_off(timeout=5 * MINUTES)
    after = file.stat()
    assert (after.st_mtime_ns, after.st_blocks) == (before.st_mtime_ns, before.st_blocks)


def test_signed_files_stay_so(
    built: Callable[[str], Any], promised: Mapping[str, Any], accel: Accel, tmp_path: Path
) -> None:
    """The image boots as it was built, and again when its boot loader is installed anew."""
    original, copy = built("secure_boot"), tmp_path / "secure.img"
    subprocess.run(["cp", "--sparse=always", original.image, copy], check=True)
    machine = Machine(
        image=copy,
        firmware=Firmware.SECURE_BOOT,
        keep=True,
        credentials=QUICK_START,
        accel=accel,
    )
    with running(machine) as console:
        console.login(timeout=10 * MINUTES)
        check(console, machine, original, promised["secure_boot"])
        assert said(console, "mokutil --sb-state") == "SecureBoot enabled"
        for command in INSTALLED_ANEW:
            answer = console.run(f"export DEBIAN_FRONTEND=noninteractive\n{command}", timeout=1200)
            assert answer.status == 0, f"{command}: {answer.output}"
            assert "grub-install:" not in answer.output, f"{command}: {answer.output}"
        console.power_off(timeout=5 * MINUTES)
    with running(machine) as console:  # until all that was installed anew has been run
        console.wait_for("Kernel is locked down from EFI Secure Boot", timeout=5 * MINUTES)
        console.wait_for("secureboot: Secure boot enabled", timeout=MINUTES)


def test_secure_boot_refuses_what_is_not_signed(built: Callable[[str], Any], accel: Accel) -> None:
    image = built("amd64_uefi").image
    with (
        pytest.raises(BootError, match="Secure Boot refused the boot loader"),
        running(Machine(image=image, firmware=Firmware.SECURE_BOOT, accel=accel)) as console,
    ):
        console.login(timeout=5 * MINUTES)
    assert "GRUB" not in console.transcript
    assert "Linux version" not in console.transcript


def check(console: Console, machine: Machine, look: Any, expected: Any) -> None:
    """Nothing has failed, and all is as the recipe promises."""
    state = console.run("systemctl is-system-running --wait", timeout=5 * MINUTES)
    failed = console.run("systemctl --failed --no-legend --plain").output
    assert (state.output.strip(), failed.strip()) == ("running", ""), console.transcript
    assert said(console, "hostname") == expected.hostname
    assert said(console, _FIRMWARE) == machine.firmware
    locked = "[none]" if machine.firmware is not Firmware.SECURE_BOOT else "[integrity]"
    assert locked in said(console, "cat /sys/kernel/security/lockdown")
    cards = set(said(console, "ls /sys/class/net").split()) - {"lo"}
    assert bool(cards) is machine.network
    check_mounts(console, look)
    for command, answer in expected.says:
        assert said(console, command) == answer


def check_start(console: Console, look: Any) -> None:
    """The boot loader starts the kernel, which starts the system on its root for the first time."""
    line = console.wait_for(r"Command line: (.*)\n", timeout=5 * MINUTES)[1]
    assert f"root=UUID={look.mounts()['/']['uuid']}" in line.split()
    console.wait_for(r"Initializing machine ID from random generator", timeout=5 * MINUTES)


def check_own_ids(console: Console, seen: set[str]) -> None:
    """The machine has made its id, and its host keys, anew: no machine before has had them."""
    machine = said(console, "cat /etc/machine-id")
    assert re.fullmatch("[0-9a-f]{32}", machine)
    keys = said(console, "cat /etc/ssh/ssh_host_*.pub 2>/dev/null || true").splitlines()
    for one in (machine, *(key.split()[1] for key in keys)):
        assert one not in seen
        seen.add(one)


def check_mounts(console: Console, look: Any) -> None:
    """All that the plan mounts is mounted, as /etc/fstab says, and the root can be written to."""
    said(console, "findmnt --verify")
    for path, filesystem in look.mounts().items():
        shown = said(console, f"findmnt --noheadings --output UUID,FSTYPE,OPTIONS {path}").split()
        assert shown[:2] == [filesystem["uuid"], filesystem["kind"]]
        assert "rw" in shown[2].split(",")
    swaps = said(console, "swapon --show=UUID --noheadings").split()
    assert swaps == [swap["uuid"] for swap in look.kinds("swap")]
    said(console, "echo written > /root/file && sync && grep written /root/file")
    assert f"root=UUID={look.mounts()['/']['uuid']}" in said(console, "cat /proc/cmdline")


def said(console: Console, text: str) -> str:
    """What a command in the guest printed; it must succeed."""
    answer = console.run(text)
    assert answer.status == 0, f"{text}: {answer.output}"
    return answer.output.strip()
