"""Every recipe's image boots on all that it is made for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from vmdsl.boot.accel import choose
from vmdsl.boot.console import Console
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


@pytest.fixture(scope="module")
def accel(user: Any) -> Accel:
    return choose(user.home / "accel")


@pytest.fixture(scope="module")
def own_ids() -> set[str]:
    """What the machines that ran before have made for themselves."""
    return set()


def test_image_boots(
    name: str,
    firmware: Firmware,
    card: str,
    *,
    built: Callable[[str], Any],
    expected: Any,
    accel: Accel,
    own_ids: set[str],
) -> None:
    image, network = built(name), card == "network"
    before = image.image.stat()
    machine = Machine(image=image.image, firmware=firmware, network=network, accel=accel)
    with running(machine) as console:
        console.login(timeout=10 * MINUTES)
        state = console.run("systemctl is-system-running --wait", timeout=5 * MINUTES)
        failed = console.run("systemctl --failed --no-legend --plain").output
        assert (state.output.strip(), failed.strip()) == ("running", ""), console.transcript
        assert said(console, "hostname") == expected.hostname
        check_own_ids(console, own_ids)
        assert said(console, _FIRMWARE) == firmware
        locked = "[none]" if firmware is not Firmware.SECURE_BOOT else "[integrity]"
        assert locked in said(console, "cat /sys/kernel/security/lockdown")
        cards = set(said(console, "ls /sys/class/net").split()) - {"lo"}
        assert bool(cards) is network
        check_mounts(console, image)
        for command, answer in expected.says:
            assert said(console, command) == answer
        console.power_off(timeout=5 * MINUTES)
    after = image.image.stat()
    assert (after.st_mtime_ns, after.st_blocks) == (before.st_mtime_ns, before.st_blocks)


def test_secure_boot_refuses_what_is_not_signed(built: Callable[[str], Any], accel: Accel) -> None:
    image = built("amd64_uefi").image
    with (
        pytest.raises(BootError, match="Secure Boot refused the boot loader"),
        running(Machine(image=image, firmware=Firmware.SECURE_BOOT, accel=accel)) as console,
    ):
        console.login(timeout=5 * MINUTES)
    assert "GRUB" not in console.transcript
    assert "Linux version" not in console.transcript


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
