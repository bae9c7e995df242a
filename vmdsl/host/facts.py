"""Facts about this machine, and the results of checks, which depend on these facts alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vmdsl.errors import Problem


@dataclass(frozen=True, kw_only=True)
class Result:
    """The result of a check: `detail` describes what was found, `problem` what is wrong.

    A problem that isn't `fatal` is a warning: builds may still work.
    """

    name: str
    detail: str = ""
    problem: Problem | None = None
    fatal: bool = True


@dataclass(frozen=True, kw_only=True)
class Probe:
    """The result of trying a small sandbox; its exit codes are in probe.py."""

    code: int = 0
    output: str = ""
    cache_error: str = ""
    xattr_error: str = ""


@dataclass(frozen=True, kw_only=True)
class Helper:
    """newuidmap or newgidmap, which needs privileges to map ids into a namespace."""

    path: str
    privileged: bool = True
    nosuid: bool = False


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The facts about a machine.

    The text of a file is "" if it can't be read; `user` is "" for a uid without a name.
    """

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
    """Return the value of a field in /proc/self/status, or "" if there is none."""
    for line in facts.status.splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return value.strip()
    return ""
