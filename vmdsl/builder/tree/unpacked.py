"""Packages of this machine's architecture, unpacked beside the tree, and their programs.

None of their scripts has run, and this machine has other libraries: so each program is started by
the loader that was unpacked with it, by a script in its place.
"""

from __future__ import annotations

from pathlib import Path

_FOLDERS = ("bin", "sbin", "lib", "lib64")
_LOADER = "*/ld*.so.*"


def make_root(place: Path) -> None:
    """Make the directories that packages are unpacked into, with links to those in /usr."""
    for folder in _FOLDERS:
        (place / "usr" / folder).mkdir(parents=True)
        (place / folder).symlink_to(f"usr/{folder}")


def loader_in(place: Path) -> Path | None:
    """Return the loader of unpacked programs, which is beside libraries, if it is there."""
    return next((place / "usr/lib").glob(_LOADER), None)


def program_in(place: Path, name: str) -> Path | None:
    """Return the file of an unpacked program, or None if there is none."""
    found = (place / "usr" / folder / name for folder in ("bin", "sbin"))
    return next((file for file in found if file.is_file()), None)


def write_script(place: Path, text: str) -> None:
    """Write a script that starts a program."""
    place.write_text(text, encoding="utf-8")
    place.chmod(0o755)
