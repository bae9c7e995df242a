"""Debian on a Raspberry Pi: the kernel, the firmware, and the settings that the firmware reads."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from vmdsl import Arch, Mounted, RootFs, Suite, apt, chroot, create_file, debootstrap, refuse

_DEFAULTS = "/etc/default/raspi-firmware"
#: The processor's clock on a Pi 4 that the serial port can count on.
_CONFIG_PI_4 = "[pi4]\ncore_freq=360\n[all]\n"
#: Releases that have the firmware among everything that is not free.
_ALL_NON_FREE = ("buster", "bullseye")
#: Releases for which armel has no kernel, or which have no armel.
_WITHOUT_PI_1 = ("trixie", "forky", "duke", "sid")
_SETTINGS = """\
# settings of the firmware
cat >>{file} <<'END'

{lines}
END
"""


@dataclass(frozen=True, kw_only=True)
class _Family:
    """Boards that take one kernel of Debian."""

    arch: Arch
    kernel: str
    #: The serial port on the pins 14 and 15.
    serial: str
    #: The memory for the graphics, which the kernel itself knows on newer boards.
    cma: str = ""
    config: str = ""


class RaspberryPi(StrEnum):
    """A family of the Raspberry Pi that Debian has a kernel for."""

    _value_: str
    traits: _Family

    def __new__(cls, name: str, traits: _Family) -> Self:
        """Make a member from its row."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.traits = traits
        return member

    #: Also the Pi Zero and the Pi Zero W.
    PI_1 = "pi1", _Family(arch=Arch.ARMEL, kernel="rpi", serial="ttyAMA0,115200")
    PI_2 = "pi2", _Family(arch=Arch.ARMHF, kernel="armmp", serial="ttyAMA0,115200")
    #: Also the Pi Zero 2 W.
    PI_3 = "pi3", _Family(arch=Arch.ARM64, kernel="arm64", serial="ttyS1,115200", cma="0")
    #: Also the Pi 400. The image is also right for a Pi 3.
    PI_4 = (
        "pi4",
        _Family(
            arch=Arch.ARM64, kernel="arm64", serial="ttyS1,115200", cma="0", config=_CONFIG_PI_4
        ),
    )


def raspberry_pi(
    root: Mounted[Any],
    *packages: str,
    board: RaspberryPi,
    suite: Suite | str,
    serial: bool = True,
    config: str = "",
    parameters: str = "",
    mirror: str = "",
) -> RootFs:
    """Install Debian with the kernel, the firmware and the Wi-Fi firmware of a Raspberry Pi.

    Mount a FAT at `/boot/firmware` of `root`: it must be the first partition of an MBR, as the
    board looks there. The package raspi-firmware writes `config.txt` and `cmdline.txt` to it,
    now and whenever a kernel is upgraded. The kernel finds the root filesystem by its label, if it
    has one, on a card as well as on a USB disk.

    With `serial` the kernel's messages and a login are also on the serial port, at 115200 baud.
    `config` are more lines of `config.txt`, and `parameters` are more of the kernel's.

    Packages: those of priority `important`, `raspi-firmware`, `firmware-brcm80211`,
    `linux-image-…` for the board, and `packages`.
    """
    traits, release = board.traits, str(Suite(str(suite)))
    if board is RaspberryPi.PI_1 and release in _WITHOUT_PI_1:
        raise refuse(
            f"Debian has no kernel for {board} after bookworm",
            'give suite="bookworm"',
            about="suite",
            code="architecture",
        )
    if "\n" in parameters.strip():
        raise refuse(
            "parameters= has several lines",
            "the firmware reads one line: separate them by spaces",
            about="parameters",
            code="kernel-parameter",
        )
    components = ["main", "non-free" if release in _ALL_NON_FREE else "non-free-firmware"]
    system = debootstrap(root, suite=suite, arch=traits.arch, mirror=mirror, components=components)
    # Without a kernel, the package writes no settings yet: they have their values first.
    apt(system, "raspi-firmware", "firmware-brcm80211", recommends=False)
    label = root.filesystem.label
    lines = [f'CONSOLES="tty0 {traits.serial}"' if serial else 'CONSOLES="tty0"']
    lines += [f'ROOTPART="LABEL={label}"'] if label else []
    lines += [f'CMA="{traits.cma}"'] if traits.cma else []
    chroot(system, _SETTINGS.format(file=_DEFAULTS, lines="\n".join(lines)))
    if more := (traits.config if serial else "") + (f"{config.strip()}\n" if config else ""):
        create_file(system, f"{_DEFAULTS}-custom", more)
    if parameters.strip():
        create_file(system, "/etc/default/raspi-extra-cmdline", f"{parameters.strip()}\n")
    apt(system, f"linux-image-{traits.kernel}", *packages)
    return system
