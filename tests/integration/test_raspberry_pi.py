"""A card for a Raspberry Pi: the firmware's files and settings, and what QEMU can boot of it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from cards import Card, card_of, check_raspberry_pi

pytestmark = [pytest.mark.integration, pytest.mark.long]

MINUTES = 60


@pytest.fixture(scope="module")
def card(user: Any) -> Card:
    image = user.folder("pi") / "pi.img"
    recipe = user.checkout / "recipes/raspberry_pi.py"
    words = ("--output", image, "--console-login")
    done = user.build(recipe, *words, timeout=60 * MINUTES)
    assert done.returncode == 0, done.stdout
    return card_of(image)


@pytest.fixture(scope="module")
def firmware(card: Card, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The partition that the board reads, whose files are those of the packages."""
    return check_raspberry_pi(card, tmp_path_factory.mktemp("card"))


def test_the_firmware_finds_its_settings(firmware: Path) -> None:
    config = (firmware / "config.txt").read_text()
    for line in ("arm_64bit=1", "enable_uart=1", "upstream_kernel=1", "[pi4]", "core_freq=360"):
        assert line in config.splitlines(), config
    assert {"bcm2711-rpi-4-b.dtb", "bcm2837-rpi-3-b.dtb"} <= {f.name for f in firmware.iterdir()}


def test_the_kernel_finds_its_root_and_consoles(firmware: Path) -> None:
    (line,) = (firmware / "cmdline.txt").read_text().splitlines()
    words = line.split()
    assert [word for word in words if word.startswith("root=")] == ["root=LABEL=RASPIROOT"]
    assert [word for word in words if word.startswith("console=")] == [
        "console=tty0",
        "console=ttyS1,115200",
    ]
    assert not [word for word in words if word.startswith("cma=")]


def test_each_card_gets_an_identity_of_its_own(card: Card, tmp_path: Path) -> None:
    assert card.read(2, "/etc/machine-id", tmp_path / "id") in {b"", b"uninitialized\n"}
    ssh = {file.name for file in card.copy(2, "/etc/ssh", tmp_path).iterdir()}
    assert "sshd_config" in ssh
    assert not [name for name in ssh if name.startswith("ssh_host_")]


def test_users_have_no_passwords_and_the_radio_its_firmware(card: Card, tmp_path: Path) -> None:
    shadow = card.read(2, "/etc/shadow", tmp_path / "shadow").decode().splitlines()
    (pi,) = (line.split(":") for line in shadow if line.startswith("pi:"))
    assert pi[1][0] in "!*"
    radio = {file.name for file in card.copy(2, "/usr/lib/firmware/brcm", tmp_path).iterdir()}
    assert "brcmfmac43455-sdio.bin" in radio  # of a Pi 3 B+ and a Pi 4


def test_a_pi_mounts_its_root(card: Card, firmware: Path) -> None:
    """QEMU has no firmware of a Pi 3: it is given what the firmware would load."""
    config = (firmware / "config.txt").read_text()
    kernel, initramfs = (
        firmware / re.search(rf"(?m)^{name}[= ](\S+)", config)[1]  # type: ignore[index]
        for name in ("kernel", "initramfs")
    )
    line = (firmware / "cmdline.txt").read_text().strip()
    command = [
        *("qemu-system-aarch64", "-machine", "raspi3b", "-accel", "tcg,thread=multi"),
        *("-display", "none", "-no-reboot", "-serial", "null", "-serial", "stdio"),
        *("-kernel", kernel, "-initrd", initramfs, "-dtb", firmware / "bcm2837-rpi-3-b.dtb"),
        *("-append", f"{line} maxcpus=1"),
        *("-drive", f"if=sd,format=raw,snapshot=on,file={card.image}"),
    ]
    wanted, said = "EXT4-fs (mmcblk0p2): mounted filesystem", ""
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as qemu:
        assert qemu.stdout
        watch = Timer(10 * MINUTES, qemu.kill)
        watch.start()
        for text in qemu.stdout:
            said += text.decode(errors="replace")
            if wanted in said or "Kernel panic" in said or "ALERT!" in said:
                break
        watch.cancel()
        qemu.kill()
    assert "Machine model: Raspberry Pi 3 Model B" in said
    assert wanted in said, said[-3000:]
