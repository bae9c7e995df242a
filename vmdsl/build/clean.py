"""What an image must not carry: what differs from build to build, or belongs to one machine."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from vmdsl.language.leftovers import LEFTOVERS

_ID_LENGTH = 32


def clean() -> None:
    """Clean the tree; called in it. The machine gets its id when it first boots."""
    for pattern in LEFTOVERS:
        for path in Path("/").glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    for name in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        path = Path(name)
        with suppress(FileNotFoundError):
            if not path.is_symlink() and len(path.read_text("ascii").strip()) == _ID_LENGTH:
                path.write_text("", encoding="ascii")
