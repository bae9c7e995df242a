"""The Debian packages that vmdsl needs, and the checks that they and their programs are there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Literal

from vmdsl import programs
from vmdsl.errors import Problem
from vmdsl.host.facts import Facts, Result

Section = Literal["venv", "build", "boot", "optional", "development"]
#: util-linux of which unshare has --map-auto.
_OLDEST = (2, 38)

#: The package of each file that a build reads.
FILES: Mapping[str, str] = {
    "/usr/share/distro-info/debian.csv": "distro-info-data",
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
}


def parse(text: str) -> dict[str, tuple[str, ...]]:
    """Read packages.txt: the packages of each section."""
    sections: dict[str, tuple[str, ...]] = {}
    section = ""
    for line in text.splitlines():
        word = line.partition("#")[0].strip()
        if word.startswith("["):
            section = word.strip("[]")
        elif word:
            sections[section] = (*sections.get(section, ()), word)
    return sections


def wanted(section: Section) -> tuple[str, ...]:
    """Return the packages of a section of packages.txt."""
    text = resources.files("vmdsl.host").joinpath("packages.txt").read_text(encoding="utf-8")
    return parse(text)[section]


def installed(status: str) -> frozenset[str]:
    """Return the packages that are unpacked and configured, from the output of dpkg-query."""
    lines = (line.split() for line in status.splitlines())
    return frozenset(words[0] for words in lines if words[1:] == ["installed"])


def missing(names: Iterable[str]) -> tuple[str, ...]:
    """Return which of these packages dpkg doesn't have; none of them where dpkg is missing."""
    names = tuple(names)
    try:
        done = programs.run(("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *names))
    except FileNotFoundError:
        return ()
    have = installed(done.output)
    return tuple(name for name in names if name not in have)


def check_programs(facts: Facts) -> Result:
    """Check that all programs and files that a build needs exist.

    A package that is missing though its programs exist is only a warning.
    """
    name = "programs"
    gone = (*facts.missing_programs, *facts.missing_files)
    unknown = tuple(p for p in facts.missing_packages if p in wanted("build"))
    packages = {*unknown, *(programs.PACKAGES[p] for p in facts.missing_programs)}
    packages |= {FILES[f] for f in facts.missing_files}
    if gone:
        what = f"Missing: {', '.join(gone)}."
    elif unknown:
        what = f"Not installed, though their programs exist: {', '.join(unknown)}."
    else:
        return Result(name=name, detail=f"all {len(programs.PACKAGES)} are here")
    problem = Problem(what=what, hint=programs.apt_get_install(packages), code="missing-program")
    return Result(name=name, problem=problem, fatal=bool(gone))


def check_util_linux(facts: Facts) -> Result:
    """Check that unshare knows --map-auto. Its version is not looked up before a build."""
    name = "util-linux"
    version = re.search(r"\d+(\.\d+)+", facts.util_linux)
    if not version:
        return Result(name=name, detail="version unknown")
    if tuple(map(int, version[0].split("."))) < _OLDEST:
        what = f"util-linux is {version[0]}; unshare --map-auto needs 2.38 or newer."
        return Result(
            name=name,
            problem=Problem(what=what, hint="Use Debian 12 or newer.", code="missing-program"),
        )
    return Result(name=name, detail=version[0])


def check_boot(facts: Facts) -> Result:
    """Check that images can be booted, which a build doesn't need."""
    gone = [p for p in wanted("boot") if p in facts.missing_packages]
    if not gone:
        return Result(name="boot", detail="images can be booted here", fatal=False)
    problem = Problem(
        what="Images can't be booted here.",
        hint=programs.apt_get_install(gone),
        code="missing-program",
    )
    return Result(name="boot", problem=problem, fatal=False)
