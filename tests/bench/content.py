"""Whether both images hold the same packages."""

from __future__ import annotations

import subprocess
from pathlib import Path

_ROOT_AT = 2**20


def packages(image: Path) -> dict[str, str]:
    """The packages of the image's only partition, with their versions."""
    status = subprocess.run(
        ["debugfs", "-R", "cat /var/lib/dpkg/status", f"{image}?offset={_ROOT_AT}"],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ).stdout
    return parse(status)


def parse(status: str) -> dict[str, str]:
    """The installed packages that dpkg's status tells of."""
    found = {}
    for stanza in status.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line)
        if fields.get("Status", "").endswith(" installed"):
            found[fields["Package"]] = fields["Version"]
    return found


def differences(ours: dict[str, str], theirs: dict[str, str]) -> list[str]:
    """What only one of them has, and what they have in other versions."""
    return [
        *(f"only vmdsl: {name}" for name in sorted(ours.keys() - theirs)),
        *(f"only vmdb2: {name}" for name in sorted(theirs.keys() - ours)),
        *(
            f"{name}: vmdsl {ours[name]}, vmdb2 {theirs[name]}"
            for name in sorted(ours.keys() & theirs)
            if ours[name] != theirs[name]
        ),
    ]
