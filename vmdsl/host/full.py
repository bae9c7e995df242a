"""Full disks of this machine: how they are found, and told from mistakes of recipes."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from vmdsl.errors import HostError, Problem, VmdslError
from vmdsl.values import Size

#: A disk with less free space than this, in bytes, is full.
LITTLE = 2**20
_FULL = (errno.ENOSPC, errno.EDQUOT)
_SAID = tuple(os.strerror(number) for number in _FULL)
_HINT = "make room, or use another disk"


def is_full(error: OSError) -> bool:
    """Return whether an error says that a disk, or somebody's quota of it, is full."""
    return error.errno in _FULL


def says_full(text: str) -> bool:
    """Return whether a program says so."""
    return any(said in text for said in _SAID)


def has_little(file: int) -> bool:
    """Return whether the disk of an open file or directory has next to no free space."""
    about = os.fstatvfs(file)
    return about.f_bavail * about.f_frsize < LITTLE


def full_disk(place: Path) -> Problem | None:
    """Return the problem of a disk with no space for this user, by trying to write to it."""
    directory = next((p for p in (place, *place.parents) if p.is_dir()), Path("/"))
    try:
        with tempfile.TemporaryFile(dir=directory) as file:
            os.posix_fallocate(file.fileno(), 0, LITTLE)
    except OSError as error:
        if is_full(error):
            return _problem(place, error)
    return None


def _problem(place: Path | str | bytes, error: OSError) -> Problem:
    place = os.fsdecode(place)
    if error.errno == errno.EDQUOT:
        return Problem(
            what=f"your quota of the disk of {place} is used up", hint=_HINT, code="disk-full"
        )
    return Problem(what=f"there is no space left in {place}", hint=_HINT, code="disk-full")


def full_disks(places: Iterable[Path]) -> list[Problem]:
    """Return the problems of those directories whose disks are full, each disk once."""
    found: dict[int, Problem] = {}
    for place in places:
        if problem := full_disk(place):
            device = next(p for p in (place, *place.parents) if p.exists()).stat().st_dev
            found.setdefault(device, problem)
    return list(found.values())


def error_of_disk(error: OSError, place: Path | str) -> HostError:
    """Return the error of this machine that a full disk is."""
    return HostError(_problem(error.filename2 or error.filename or place, error))


def full_meanwhile(error: VmdslError, place: Path) -> list[Problem]:
    """Return a doubt about the disk of a directory, if an error says that some disk was full.

    Whoever fills a disk may make room again before anybody looks.
    """
    (first, *_) = error.problems or (Problem(what="", code="disk-full"),)
    if not says_full(f"{first.what}\n{first.hint}"):
        return []
    about = os.statvfs(place)
    free = Size(about.f_bavail * about.f_frsize // 2**20 * 2**20)
    what = f"the disk of {place} may have been full for a time: it has {free} free now"
    return [Problem(what=what, hint=_HINT, code="disk-full")]


def blamed(error: VmdslError, full: Iterable[Problem]) -> list[Problem]:
    """Return the problems of full disks, if an error comes of one: it says that a disk is full.

    They name the step, which need not have made a mistake.
    """
    (first, *_) = error.problems or (Problem(what="", code="disk-full"),)
    if not says_full(f"{first.what}\n{first.hint}"):
        return []
    at = f"; step {first.step} ({first.where}) needs it" if first.step and first.where else ""
    return [replace(problem, hint=f"{problem.hint}{at}") for problem in full]
