"""Mounts in the sandbox, by the kernel's own calls: a program for each takes ten times as long."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path

from vmdsl.host.mounts import parse

BIND, RECURSIVE, REMOUNT, READ_ONLY = 0x1000, 0x4000, 0x20, 0x1
_DETACH = 2
_libc = ctypes.CDLL(None, use_errno=True)


def mount(
    source: str | Path, target: Path, kind: str = "", *, flags: int = 0, options: str = ""
) -> None:
    """Mount a filesystem, or a directory again, as the system call does. Raises OSError."""
    arguments = (os.fsencode(source), os.fsencode(target), kind.encode())
    failed = _libc.mount(*arguments, ctypes.c_ulong(flags), options.encode())
    _raise_if(failed, target)


def unmount(target: Path, *, lazy: bool = False) -> None:
    """Unmount, with all that is mounted below where it is `lazy`. Raises OSError."""
    _raise_if(_libc.umount2(os.fsencode(target), _DETACH if lazy else 0), target)


def unmount_below(top: Path) -> None:
    """Unmount all that is mounted in a directory, and upon its own mount, whoever did that."""
    there = [Path(m.point) for m in parse(Path("/proc/self/mountinfo").read_text("utf-8"))]
    inside = [place for place in there if place.is_relative_to(top)]
    if top in inside:
        inside.remove(top)  # the first one is its own
    for place in reversed(inside):
        with suppress(OSError):  # it is gone with one that it was in
            unmount(place, lazy=True)


def _raise_if(failed: int, target: Path) -> None:
    if failed:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(target))
