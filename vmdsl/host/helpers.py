"""The check of newuidmap and newgidmap, which map a user's range of ids into a namespace."""

from __future__ import annotations

from pathlib import Path

from vmdsl.errors import Problem, Where
from vmdsl.host.facts import Facts, Result, status_field


def check_helpers(facts: Facts) -> Result:
    """Check that newuidmap and newgidmap have their privileges; root does not need them."""
    name = "newuidmap"
    if facts.uid == 0:
        return Result(name=name, detail="not needed by root")
    for helper in facts.helpers:
        if not helper.privileged:
            what = f"{helper.path} has neither the setuid bit nor file capabilities."
            hint = "As root: apt-get install --reinstall uidmap"
            return Result(name=name, problem=Problem(what=what, hint=hint))
        if helper.nosuid:
            what = f"{helper.path} is on a file system mounted nosuid, so it has no privileges."
            hint = "As root: remount that file system without nosuid."
            return Result(name=name, problem=Problem(what=what, hint=hint))
    if status_field(facts, "NoNewPrivs") == "1":
        what = "This process can't gain privileges (NoNewPrivs is 1), so newuidmap can't work."
        hint = "systemd: NoNewPrivileges=no. Docker, podman: leave out no-new-privileges."
        where = Where(Path("/proc/self/status"))
        return Result(name=name, problem=Problem(what=what, where=where, hint=hint))
    return Result(name=name, detail=", ".join(helper.path for helper in facts.helpers) or "missing")
