"""Parses /proc/self/mountinfo."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A mount point, and the type of the file system there.

    `device` is the number of its device, as `8:1`, and `source` how the file system names it.
    """

    point: str
    kind: str
    device: str = ""
    source: str = ""


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), text)


def parse(mountinfo: str) -> tuple[Mount, ...]:
    """Parse mountinfo, whose lines are in the order of mounting."""
    found = []
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        left, right = before.split(), after.split()
        if len(left) > 4 and right:  # noqa: PLR2004  # the fifth is the mount point
            kind, source = (*right, "")[:2]
            found.append(
                Mount(point=_unescape(left[4]), kind=kind, device=left[2], source=_unescape(source))
            )
    return tuple(found)


def kind_at(path: Path, mountinfo: str) -> str:
    """Return the type of the file system that holds an absolute path, or "" if unknown.

    Of several mounts at one place the last one hides the others.
    """
    holding = [m for m in parse(mountinfo) if path.is_relative_to(m.point)]
    return max(reversed(holding), key=lambda m: len(m.point), default=Mount(point="", kind="")).kind


def in_chroot(mountinfo: str) -> bool:
    """Return whether the root directory is not a mount point, as in a chroot."""
    points = {m.point for m in parse(mountinfo)}
    return bool(points) and "/" not in points


def hidden_in_proc(mountinfo: str) -> tuple[str, ...]:
    """Return the paths in /proc that mounts hide; the kernel then refuses to mount another proc.

    binfmt_misc is an exception, as its directory is always empty.
    """
    points = sorted({m.point for m in parse(mountinfo) if m.point.startswith("/proc/")})
    return tuple(p for p in points if p != "/proc/sys/fs/binfmt_misc")
