"""What most guests of tests leave out when they start: one of each kind starts with all of it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

_NEVER = "[Unit]\nConditionPathExists=/never\n"
_ADD = "ExecStart=-udevadm trigger --action=add"
#: Disks, network cards and the console, of some 300 devices; drivers of the others aren't loaded.
_SOME_DEVICES = f"""\
[Service]
ExecStart=
{_ADD} --subsystem-match=block --subsystem-match=net
{_ADD} --subsystem-match=tty --sysname-match=ttyS0
"""
#: Drop-ins of units. Where code is translated, what they leave out is half of the time until
#: Debian 13 runs.
_DROP_INS = (
    *(
        (f"{name}.service", _NEVER)
        for name in (
            *("apparmor", "e2scrub_reap", "getty@", "getty-static", "grub-common"),
            *("kmod-static-nodes", "modprobe@", "systemd-timesyncd"),
        )
    ),
    *((f"{name}.mount", _NEVER) for name in ("dev-hugepages", "dev-mqueue")),
    *((f"sys-kernel-{name}.mount", _NEVER) for name in ("config", "debug", "tracing")),
    ("systemd-udev-trigger.service", _SOME_DEVICES),
)
#: The credentials that have Debian 13 start so. Older systems take no notice of them.
QUICK_START = tuple((f"systemd.unit-dropin.{unit}", text) for unit, text in _DROP_INS)


def let_start_quickly(image: Path) -> None:
    """Write the drop-ins into the largest partition of an image: the root, with ext4."""
    done = subprocess.run(["sfdisk", "--json", image], capture_output=True, check=True)
    table = json.loads(done.stdout)["partitiontable"]
    root = max(table["partitions"], key=lambda part: int(part["size"]))
    requests = []
    for unit, text in _DROP_INS:
        folder, file = f"/etc/systemd/system/{unit}.d", image.with_name(f"{unit}.conf")
        file.write_text(text, encoding="utf-8")
        requests += [f"mkdir {folder}", f"write {file} {folder}/quick.conf"]
    place = f"{image}?offset={root['start'] * table['sectorsize']}"
    argv = ["debugfs", "-w", "-f", "-", place]
    done = subprocess.run(argv, input="\n".join(requests).encode(), capture_output=True, check=True)
    assert b"File not found" not in done.stderr, done.stderr
    for unit, _ in _DROP_INS:
        image.with_name(f"{unit}.conf").unlink()
