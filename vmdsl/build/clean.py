"""What an image must not carry: what differs from build to build, or belongs to one machine."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

#: Removed, as what makes it again makes it different: indexes, logs, caches, backups.
_REMOVED = (
    "etc/.pwd.lock",
    "run/*",
    "tmp/*",
    "var/cache/apt/*.bin",
    "var/cache/apt/archives/*.deb",
    "var/cache/debconf/*-old",
    "var/cache/ldconfig/aux-cache",
    "var/lib/apt/lists/*",
    "var/lib/dpkg/*-old",
    "var/lib/systemd/random-seed",
    "var/log/alternatives.log",
    "var/log/apt/*",
    "var/log/bootstrap.log",
    "var/log/dpkg.log",
    "var/log/fontconfig.log",
    "var/tmp/*",
)
_ID_LENGTH = 32


def clean() -> None:
    """Clean the tree; called in it. The machine gets its id when it first boots."""
    for pattern in _REMOVED:
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
