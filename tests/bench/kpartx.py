"""A stand-in for kpartx where the kernel has no device-mapper, so that vmdb2 can run.

A loop device for the disk, and one for each partition, at its offset; their nodes in /dev/mapper
have the names that kpartx would give. It knows what vmdb2 asks for: `kpartx -asv FILE`, or
`kpartx -usv LOOP` where the disk has a loop device, and `-dsv FILE`.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

_SECTOR = 512
_MAPPER = Path("/dev/mapper")


def is_needed() -> bool:
    """Whether this kernel lacks device-mapper."""
    devices = Path("/proc/misc").read_text(encoding="ascii").split()
    return "device-mapper" not in devices


def install(folder: Path) -> None:
    """Put a program `kpartx` into a folder, for the PATH."""
    folder.mkdir()
    program = folder / "kpartx"
    # Not by -m: vmdb2 starts it where it is itself.
    program.write_text(
        f'#!/bin/sh\nexec {sys.executable} -P {Path(__file__).resolve()} "$@"\n', encoding="ascii"
    )
    program.chmod(0o755)


def partitions(table: dict[str, Any]) -> list[tuple[int, int]]:
    """Start and size in bytes of each partition, as sfdisk tells them in JSON."""
    found = table["partitiontable"].get("partitions", [])
    return [(part["start"] * _SECTOR, part["size"] * _SECTOR) for part in found]


def add(disk: Path) -> None:
    """Make the devices, and say their names as kpartx does."""
    if disk.is_block_device():
        whole = str(disk)
        disk = Path(Path(f"/sys/block/{disk.name}/loop/backing_file").read_text("utf-8").strip())
    else:
        whole = _run("losetup", "--find", "--show", str(disk)).strip()
    name = Path(whole).name
    _MAPPER.mkdir(exist_ok=True)
    table = json.loads(_run("sfdisk", "--json", str(disk)))
    for number, (start, size) in enumerate(partitions(table), start=1):
        place = [f"--offset={start}", f"--sizelimit={size}"]
        part = _run("losetup", "--find", "--show", *place, str(disk)).strip()
        node = _MAPPER / f"{name}p{number}"
        node.unlink(missing_ok=True)
        os.mknod(node, stat.S_IFBLK | 0o600, Path(part).stat().st_rdev)  # no link: GRUB follows it
        what = f"0 {size // _SECTOR} linear {whole} {start // _SECTOR}"
        sys.stdout.write(f"add map {node.name} (254:{number - 1}): {what}\n")


def remove(disk: Path) -> None:
    """Take all devices of a disk away again."""
    told = _run("losetup", "--associated", str(disk)).splitlines()  # it takes no notice of --json
    devices = [Path(line.partition(":")[0]) for line in told]
    numbers = [device.stat().st_rdev for device in devices]
    for node in _MAPPER.glob("loop*p*"):
        if node.stat().st_rdev in numbers:
            node.unlink()
            sys.stdout.write(f"del devmap : {node.name}\n")
    for device in devices:
        _run("losetup", "--detach", str(device))


def _run(*argv: str) -> str:
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout


def main(flags: str, disk: str) -> None:
    """Do what the flags say: `a` adds and `d` removes."""
    (remove if "d" in flags else add)(Path(disk))


if __name__ == "__main__":
    main(*sys.argv[1:])
