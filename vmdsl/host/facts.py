"""What is known about this machine. The checks decide over these facts alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vmdsl.errors import Problem


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a check found: `detail` says what is so, `problem` what is wrong with it.

    A problem that isn't `fatal` is a warning: builds may work all the same.
    """

    name: str
    detail: str = ""
    problem: Problem | None = None
    fatal: bool = True


@dataclass(frozen=True, kw_only=True)
class Probe:
    """How trying a small sandbox ended: see probe.py for the codes."""

    code: int = 0
    output: str = ""
    cache_error: str = ""
    xattr_error: str = ""


@dataclass(frozen=True, kw_only=True)
class Helper:
    """newuidmap or newgidmap, which must be allowed to give ids to a namespace."""

    path: str
    privileged: bool = True
    nosuid: bool = False


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Texts of files are "" where the file can't be read; `user` is "" for a nameless uid."""

    uid: int
    user: str
    cache: Path
    probe: Probe = field(default_factory=Probe)
    missing_programs: tuple[str, ...] = ()
    missing_files: tuple[str, ...] = ()
    missing_packages: tuple[str, ...] = ()
    util_linux: str = ""
    helpers: tuple[Helper, ...] = ()
    subuid: str = ""
    subgid: str = ""
    uid_map: str = ""
    gid_map: str = ""
    status: str = ""
    mountinfo: str = ""
    sysctls: Mapping[str, str] = field(default_factory=dict)
    free: int = 0


def status_field(facts: Facts, name: str) -> str:
    """Give a line's value in /proc/self/status, "" where there is none."""
    for line in facts.status.splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return value.strip()
    return ""
