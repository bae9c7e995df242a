"""The Debian packages that vmdsl needs, and the programs and files it uses of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Literal

from vmdsl import programs

Section = Literal["build", "boot", "optional", "development"]

PROGRAMS: Mapping[str, str] = {
    "debugfs": "e2fsprogs",
    "fsck.vfat": "dosfstools",
    "mcopy": "mtools",
    "mke2fs": "e2fsprogs",
    "mkfs.vfat": "dosfstools",
    "mkswap": "util-linux",
    "mmd": "mtools",
    "mmdebstrap": "mmdebstrap",
    "mount": "mount",
    "newgidmap": "uidmap",
    "newuidmap": "uidmap",
    "setpriv": "util-linux",
    "sfdisk": "fdisk",
    "unshare": "util-linux",
}
"""The package of each program that a build starts outside the image's own tree."""

FILES: Mapping[str, str] = {
    "/usr/share/distro-info/debian.csv": "distro-info-data",
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
}
"""The package of each file that a build reads."""


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
    """The packages of a section of packages.txt."""
    text = resources.files("vmdsl.host").joinpath("packages.txt").read_text(encoding="utf-8")
    return parse(text)[section]


def installed(status: str) -> frozenset[str]:
    """Read what dpkg-query says: the packages that are unpacked and configured."""
    lines = (line.split() for line in status.splitlines())
    return frozenset(words[0] for words in lines if words[1:] == ["installed"])


def missing(names: Iterable[str]) -> tuple[str, ...]:
    """Say which of these packages dpkg doesn't have; none where there is no dpkg."""
    names = tuple(names)
    try:
        done = programs.run(("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *names))
    except FileNotFoundError:
        return ()
    have = installed(done.output)
    return tuple(name for name in names if name not in have)


def how_to_get(program: str, package: str = "") -> str:
    """Say how to install a program that is missing, from a package if that is known."""
    package = package or PROGRAMS.get(program, "")
    return apt_get_install([package]) if package else f"install the package that has {program}"


def apt_get_install(names: Iterable[str]) -> str:
    """Say how to install packages."""
    return f"As root: apt-get install --no-install-recommends {' '.join(sorted(set(names)))}"
