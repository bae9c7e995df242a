"""Checks of the subordinate ids that a build needs for owners, and of what maps them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from vmdsl.errors import Problem, Where
from vmdsl.host.facts import Facts, Result, status_field

NEEDED = 65536
_FIRST = 100_000
_CAPABILITIES = {"CAP_SETGID": 6, "CAP_SETUID": 7, "CAP_SETFCAP": 31}


class Range(NamedTuple):
    """A line of /etc/subuid or /etc/subgid."""

    owner: str
    start: int
    length: int
    line: int

    def __str__(self) -> str:
        return f"{self.start}-{self.start + self.length - 1}"


def ranges(text: str) -> tuple[Range, ...]:
    """Parse /etc/subuid or /etc/subgid, ignoring malformed lines."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        owner, _, rest = line.strip().partition(":")
        start, _, length = rest.partition(":")
        if start.isdecimal() and length.isdecimal():
            found.append(Range(owner, int(start), int(length), number))
    return tuple(found)


def free_start(*texts: str, length: int = NEEDED, first: int | None = None) -> int:
    """Return the first id at which a new range overlaps none of the ranges in use.

    It is `first` if that is free.
    """
    taken = [r for text in texts for r in ranges(text)]
    start = _FIRST if first is None else first
    while clash := [r for r in taken if r.start < start + length and start < r.start + r.length]:
        start = max(r.start + r.length for r in clash)
    return start


def map_covers(id_map: str, start: int, count: int) -> bool:
    """Return whether /proc/self/uid_map has all ids of a range, which may span its lines."""
    inside = sorted(
        (int(first), int(length)) for first, _, length in map(str.split, id_map.splitlines())
    )
    at = start
    for first, length in inside:
        if first <= at < first + length:
            at = first + length
    return at >= start + count


def check_ids(facts: Facts) -> Result:
    """Check that there are enough ids, by the rules of unshare and newuidmap."""
    return _check_root(facts) if facts.uid == 0 else _check_user(facts)


def _check_root(facts: Facts) -> Result:
    for file, text in (("uid_map", facts.uid_map), ("gid_map", facts.gid_map)):
        if text and not map_covers(text, 0, NEEDED):
            what = f"root has fewer than {NEEDED} ids here."
            where = Where(Path("/proc/self") / file)
            hint = f"Give the container the ids 0 to {NEEDED - 1}, or build outside it."
            return Result(
                name="ids", problem=Problem(what=what, where=where, hint=hint, code="ids")
            )
    effective = int(status_field(facts, "CapEff") or "-1", 16)
    if lacking := [name for name, bit in _CAPABILITIES.items() if not effective >> bit & 1]:
        what = f"root lacks {', '.join(lacking)}, so it can't give ids to a namespace."
        hint = "Give the container these capabilities, or build as an ordinary user."
        where = Where(Path("/proc/self/status"))
        return Result(name="ids", problem=Problem(what=what, where=where, hint=hint, code="ids"))
    return Result(name="ids", detail="root uses its own")


def _check_user(facts: Facts) -> Result:
    if not facts.user:
        what = f"User id {facts.uid} has no name, so it can't have a range of ids."
        hint = f"Add it to /etc/passwd. As root: useradd --uid {facts.uid} NAME"
        return Result(name="ids", problem=Problem(what=what, hint=hint, code="ids"))
    sources = (("subuid", facts.subuid, facts.uid_map), ("subgid", facts.subgid, facts.gid_map))
    found = []
    for file, text, id_map in sources:
        # unshare takes the first line that has the user's name or number, whatever follows.
        own = next((r for r in ranges(text) if r.owner in {facts.user, str(facts.uid)}), None)
        problem = _check_range(facts, own, Path("/etc") / file, id_map)
        if problem:
            return Result(name="ids", problem=problem)
        found.append(f"{file} {own}")
    return Result(name="ids", detail=f"{facts.user} has {', '.join(found)}")


def _check_range(facts: Facts, own: Range | None, file: Path, id_map: str) -> Problem | None:
    start = free_start(facts.subuid, facts.subgid)
    new = f"{start}-{start + NEEDED - 1}"
    usermod = f"usermod --add-subuids {new} --add-subgids {new} {facts.user}"
    if own is None:
        what = f"{facts.user} has no range of ids, so a build can't give files their owners."
        return Problem(what=what, where=Where(file), hint=f"As root: {usermod}", code="ids")
    where = Where(file, own.line)
    if own.length < NEEDED:
        what = (
            f"{facts.user} has {own.length} ids, and a build needs {NEEDED}. "
            "Only the first line counts."
        )
        return Problem(
            what=what, where=where, hint=f"As root: remove this line, then {usermod}", code="ids"
        )
    if id_map and not map_covers(id_map, own.start, own.length):
        what = f"The ids {own} of {facts.user} don't exist in this container (see /proc/self)."
        hint = "Give the container more ids, or name a range here that it has."
        return Problem(what=what, where=where, hint=hint, code="ids")
    return None


#: The programs that map a range of ids.
HELPERS = ("newuidmap", "newgidmap")


def check_helpers(facts: Facts) -> Result:
    """Check that newuidmap and newgidmap have their privileges; root does not need them."""
    name = "newuidmap"
    if facts.uid == 0:
        return Result(name=name, detail="not needed by root")
    for helper in facts.helpers:
        if not helper.privileged:
            what = f"{helper.path} has neither the setuid bit nor file capabilities."
            hint = "As root: apt-get install --reinstall uidmap"
            return Result(name=name, problem=Problem(what=what, hint=hint, code="ids"))
        if helper.nosuid:
            what = f"{helper.path} is on a file system mounted nosuid, so it has no privileges."
            hint = "As root: remount that file system without nosuid."
            return Result(name=name, problem=Problem(what=what, hint=hint, code="ids"))
    if status_field(facts, "NoNewPrivs") == "1":
        what = "This process can't gain privileges (NoNewPrivs is 1), so newuidmap can't work."
        hint = "systemd: NoNewPrivileges=no. Docker, podman: leave out no-new-privileges."
        where = Where(Path("/proc/self/status"))
        return Result(name=name, problem=Problem(what=what, where=where, hint=hint, code="ids"))
    paths = [helper.path for helper in facts.helpers]
    return Result(name=name, detail=", ".join(paths) if has_helpers(facts) else "not tried")


def has_helpers(facts: Facts) -> bool:
    """Return whether both are there; if not, they are among the programs that are missing."""
    return len(facts.helpers) == len(HELPERS)
