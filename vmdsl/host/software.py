"""Checks of programs and packages."""

from __future__ import annotations

import re

from vmdsl.errors import Problem
from vmdsl.host.facts import Facts, Result
from vmdsl.host.packages import FILES, PROGRAMS, apt_get_install, wanted

_OLDEST = (2, 38)


def check_programs(facts: Facts) -> Result:
    """Check that all programs and files that a build needs exist.

    A package that is missing though its programs exist is only a warning.
    """
    name = "programs"
    gone = (*facts.missing_programs, *facts.missing_files)
    unknown = tuple(p for p in facts.missing_packages if p in wanted("build"))
    packages = {*unknown, *(PROGRAMS[p] for p in facts.missing_programs)}
    packages |= {FILES[f] for f in facts.missing_files}
    if gone:
        what = f"Missing: {', '.join(gone)}."
    elif unknown:
        what = f"Not installed, though their programs exist: {', '.join(unknown)}."
    else:
        return Result(name=name, detail=f"all {len(PROGRAMS)} are here")
    problem = Problem(what=what, hint=apt_get_install(packages))
    return Result(name=name, problem=problem, fatal=bool(gone))


def check_util_linux(facts: Facts) -> Result:
    """Check that unshare knows --map-auto. Its version is not looked up before a build."""
    name = "util-linux"
    version = re.search(r"\d+(\.\d+)+", facts.util_linux)
    if not version:
        return Result(name=name, detail="version unknown")
    if tuple(map(int, version[0].split("."))) < _OLDEST:
        what = f"util-linux is {version[0]}; unshare --map-auto needs 2.38 or newer."
        return Result(name=name, problem=Problem(what=what, hint="Use Debian 12 or newer."))
    return Result(name=name, detail=version[0])


def check_boot(facts: Facts) -> Result:
    """Check that images can be booted, which a build doesn't need."""
    gone = [p for p in wanted("boot") if p in facts.missing_packages]
    if not gone:
        return Result(name="boot", detail="images can be booted here", fatal=False)
    problem = Problem(what="Images can't be booted here.", hint=apt_get_install(gone))
    return Result(name="boot", problem=problem, fatal=False)
