"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path


def describe(place: Path) -> list[tuple[str, str]]:
    """The machine, and what was compared; the filesystem is that of `place`."""
    return [
        ("Processor", f"{_processor()}, {os.cpu_count()} cores"),
        ("Memory", f"{_kilobytes('/proc/meminfo', 'MemTotal') / 2**20:.0f} GiB"),
        ("Kernel", f"Linux {platform.release()}"),
        ("Filesystem", _said("stat", "--file-system", "--format=%T", str(place))),
        ("System", _pretty_name()),
        ("vmdsl", version("vmdsl")),
        *((name, _package(name)) for name in ("vmdb2", "debootstrap", "mmdebstrap", "e2fsprogs")),
        ("mypy", version("mypy")),
    ]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _kilobytes(file: str, name: str) -> int:
    for line in Path(file).read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    return 0


def _pretty_name() -> str:
    return platform.freedesktop_os_release()["PRETTY_NAME"]


def _package(name: str) -> str:
    return _said("dpkg-query", "--show", "--showformat=${Version}", name)


def _said(*argv: str) -> str:
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
