"""The uses of a disk, for messages: the kernel alone decides whether it is in use."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from vmdsl.host.mounts import parse

#: Where the system that runs here is. Nobody can unmount it.
_OF_THIS_SYSTEM = ("/", "/boot", "/boot/efi", "/boot/firmware", "/efi", "/usr", "/var", "/home")


@dataclass(frozen=True, kw_only=True)
class Use:
    """A use of a disk, in words, and the command that ends it; empty if it should not be ended."""

    what: str
    remedy: str = ""


def uses(number: str, *, blocks: Path, mountinfo: str, swaps: str) -> list[Use]:
    """Return how a disk with a device number, as `8:16`, and all that is on it are used.

    `blocks` is /sys/dev/block, and the texts are those of /proc/self/mountinfo and /proc/swaps.
    """
    names = dict(_devices_on(blocks / number, number))
    found = []
    for mount in parse(mountinfo):
        if name := names.get(mount.device) or names.get(_number_of(mount.source)):
            at = f"{name} is mounted at {mount.point}"
            if mount.point in _OF_THIS_SYSTEM:
                found.append(Use(what=f"{at}, of the system that runs here"))
            else:
                found.append(Use(what=at, remedy=f"umount {shlex.quote(mount.point)}"))
    for line in swaps.splitlines()[1:]:
        place = line.split()[0]
        if name := names.get(_number_of(place)):
            found.append(Use(what=f"{name} is swap", remedy=f"As root: swapoff {place}"))
    return found or _holders(names, blocks)


def _holders(names: Mapping[str, str], blocks: Path) -> list[Use]:
    """Return the devices that consist of others: volumes, RAID, encrypted ones."""
    return [
        Use(what=f"{holder.name} is on {name}")
        for number, name in names.items()
        for holder in _entries(blocks / number / "holders")
    ]


def _devices_on(place: Path, number: str) -> Iterator[tuple[str, str]]:
    """Yield the number and the name of a disk, of its partitions, and of what is made of them."""
    place = place.resolve()
    yield number, place.name
    parts = [one for one in _entries(place) if (one / "partition").exists()]
    for inner in (*parts, *_entries(place / "holders")):
        yield from _devices_on(inner, (inner / "dev").read_text(encoding="ascii").strip())


def _entries(directory: Path) -> list[Path]:
    return sorted(directory.iterdir()) if directory.is_dir() else []


def _number_of(device: str) -> str:
    """Return the number of a block device, or "" if there is no such device."""
    try:
        about = Path(device).stat()
    except (OSError, ValueError):
        return ""
    if not stat.S_ISBLK(about.st_mode):
        return ""
    return f"{os.major(about.st_rdev)}:{os.minor(about.st_rdev)}"
