"""Leftovers of how a system was made, which neither an image nor a tarball is to carry."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

#: Patterns of paths without the first slash. What makes these again makes them different: indexes,
#: logs, caches, backups.
LEFTOVERS = (
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
    """Remove what differs from build to build, or belongs to one machine; called in the tree.

    The machine gets its id when it first boots; what else systemd would make then is there.
    """
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
    mark_as_updated(Path("/"))


def mark_as_updated(top: Path) -> None:
    """Say that /etc and /var are as new as /usr, as systemd-update-done(8) does.

    Otherwise the first boot makes indexes anew that packages have just made. What is there in the
    place of such a file stays.
    """
    if (top / "usr/lib/systemd/systemd").exists():
        for folder in (top / "etc", top / "var"):
            mark = folder / ".updated"
            if folder.is_dir() and not mark.exists() and not mark.is_symlink():
                mark.write_text("", encoding="ascii")


def remove_resolver() -> None:
    """Remove this machine's resolver, which mmdebstrap copies, but no symlink of a package."""
    file, backup = Path("/etc/resolv.conf"), Path("/etc/.resolv.conf.systemd-resolved.bak")
    (backup if file.is_symlink() else file).unlink(missing_ok=True)


def set_change_day(path: str, day: int) -> None:
    """Say that all passwords were last changed on `day`, not on the day of the build."""
    lines = [line.split(":") for line in Path(path).read_text(encoding="utf-8").splitlines()]
    for fields in lines:
        if fields[2]:
            fields[2] = str(day)
    Path(path).write_text("".join(":".join(fields) + "\n" for fields in lines), encoding="utf-8")
