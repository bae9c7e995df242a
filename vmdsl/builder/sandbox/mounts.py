"""Mounts in the sandbox, by mount(2): a program for each takes ten times as long."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path

from vmdsl.errors import HostError, Problem
from vmdsl.host.mounts import parse

BIND, RECURSIVE, REMOUNT, READ_ONLY = 0x1000, 0x4000, 0x20, 0x1
_DETACH = 2
_libc = ctypes.CDLL(None, use_errno=True)

#: In the /dev of the sandbox.
_NODES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS = {
    "ptmx": "pts/ptmx",
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
}
#: Of a running system; all but /dev are mounted anew.
_VIRTUAL = ("proc", "sys", "dev", "run")


def mount(
    source: str | Path, target: Path, kind: str = "", *, flags: int = 0, options: str = ""
) -> None:
    """Mount a filesystem, or change a mount, by the system call. Raises OSError."""
    arguments = (os.fsencode(source), os.fsencode(target), kind.encode())
    failed = _libc.mount(*arguments, ctypes.c_ulong(flags), options.encode())
    _raise_if(failed, target)


def unmount(target: Path, *, lazy: bool = False) -> None:
    """Unmount; if `lazy`, with all that is mounted below. Raises OSError."""
    _raise_if(_libc.umount2(os.fsencode(target), _DETACH if lazy else 0), target)


def unmount_below(top: Path) -> None:
    """Unmount all that is mounted in a directory, or on top of its own mount."""
    there = [Path(m.point) for m in parse(Path("/proc/self/mountinfo").read_text("utf-8"))]
    inside = [place for place in there if place.is_relative_to(top)]
    if top in inside:
        inside.remove(top)  # the first one is its own
    for place in reversed(inside):
        with suppress(OSError):  # it is gone with one that it was in
            unmount(place, lazy=True)


def mount_proc() -> None:
    """Mount /proc for the sandbox. Raises HostError where that is not possible."""
    try:
        mount("proc", Path("/proc"), "proc")
    except OSError as error:
        raise HostError(
            Problem(
                what=f"the sandbox cannot have a /proc of its own: {error.strerror}",
                hint="this happens in containers that hide parts of /proc; vmdsl doctor says more",
                code="sandbox",
            )
        ) from None


def make_devices(directory: Path) -> None:
    """Make the /dev of the tree's programs, who can't change the host's nodes in it."""
    directory.mkdir()
    mount("vmdsl-dev", directory, "tmpfs", options="mode=0755")
    for name in _NODES:
        node = directory / name
        node.touch()
        mount(f"/dev/{name}", node, flags=BIND)
        try:
            mount("", node, flags=REMOUNT | BIND | READ_ONLY)
        except OSError:  # an ordinary user can't change the nodes anyway
            if _is_real_root():
                raise
    for name, mode in (("pts", 0o755), ("shm", 0o1777)):
        (directory / name).mkdir()
        (directory / name).chmod(mode)
    mount("devpts", directory / "pts", "devpts", options="newinstance,ptmxmode=0666,mode=0620")
    for name, target in _LINKS.items():
        (directory / name).symlink_to(target)


def mount_virtual(top: Path, devices: Path, *, own_tmp: bool = False) -> None:
    """Mount /proc, /sys, /dev, /run, and perhaps /tmp, in a tree, where it has the directories."""
    places = {name: top / name for name in (*_VIRTUAL, *(("tmp",) if own_tmp else ()))}
    # A symlink may lead out of the tree.
    places = {n: p for n, p in places.items() if p.is_dir() and not p.is_symlink()}
    for name, place in places.items():
        if name == "proc":
            mount("proc", place, "proc")
        elif name == "sys":
            mount("/sys", place, flags=BIND | RECURSIVE)
        elif name == "dev":
            mount(devices, place, flags=BIND | RECURSIVE)
        else:
            mount("tmpfs", place, "tmpfs", options="mode=1777" if name == "tmp" else "mode=0755")


def _is_real_root() -> bool:
    """Return whether root of the sandbox is root of the machine, and could change its nodes."""
    return Path("/proc/self/uid_map").read_text(encoding="ascii").split()[1] == "0"


def _raise_if(failed: int, target: Path) -> None:
    if failed:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(target))
