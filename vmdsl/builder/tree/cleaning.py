"""What an image must not carry: what differs from build to build, or belongs to one machine."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from vmdsl.operations.systems.leftovers import LEFTOVERS

_ID_LENGTH = 32


def clean() -> None:
    """Clean the tree; called in it. The machine gets its id when it first boots."""
    for pattern in LEFTOVERS:
        for path in Path("/").glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    machine, dbus = Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id")
    with suppress(FileNotFoundError):
        plain = machine.is_file() and not machine.is_symlink()
        if plain and len(machine.read_bytes().strip()) == _ID_LENGTH:
            machine.write_text("", encoding="ascii")
    if not dbus.is_symlink() and not dbus.is_dir():  # systemd makes it a symlink to the other
        dbus.unlink(missing_ok=True)
