"""Finds packages that an archive does not have, by the index of it that the next build uses."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import cache as memoized
from pathlib import Path

from vmdsl.builder.cache.archives import is_recent, read_state
from vmdsl.builder.cache.cache_dir import CacheDir
from vmdsl.errors import Problem
from vmdsl.language.effects import TreeOperation
from vmdsl.language.operation import Operation
from vmdsl.operations.packages.apt import Apt
from vmdsl.operations.systems.mmdebstrap import Debootstrap
from vmdsl.similar import did_you_mean

#: After a script with such a word, there may be other archives.
_CHANGES_SOURCES = re.compile(r"apt|dpkg|sources|repo")
#: apt takes a name with these for a pattern, if there is no such package.
_PATTERN = re.compile(r"[.?*]")


def unknown_packages(operations: Sequence[Operation], cache: CacheDir) -> Iterator[Problem]:
    """Report packages that the kept index lacks. An index that is fetched anew may have them."""
    for system in operations:
        if isinstance(system, Debootstrap) and (index := _index(system, cache)):
            yield from _unknown(system, "include", system.include, index)
            for operation in _same_sources(system, operations):
                if isinstance(operation, Apt) and not operation.suite:
                    yield from _unknown(operation, "packages", operation.packages, index)


def _index(system: Debootstrap, cache: CacheDir) -> Path | None:
    """Return the directory of the index that a build would use now without asking the archive."""
    try:
        sources = system.index_sources(system.directory)
    except OSError:
        return None  # which is reported as a missing keyring
    place = cache.archives / hashlib.sha256(sources.encode()).hexdigest()
    state = read_state(place)
    return place / state.hash if state and is_recent(state) else None


def _same_sources(system: Debootstrap, operations: Sequence[Operation]) -> Iterator[TreeOperation]:
    """Yield the operations that follow, as long as the archives are those of the bootstrap."""
    for operation in operations[operations.index(system) + 1 :]:
        if not isinstance(operation, TreeOperation):
            continue
        yield operation
        texts = [script.text for script in operation.scripts()]
        is_harmless = texts and not any(map(_CHANGES_SOURCES.search, texts))
        if operation.adds_archive() or (operation.installs_anything and not is_harmless):
            return


def _unknown(
    operation: Debootstrap | Apt, about: str, packages: Sequence[str], index: Path
) -> Iterator[Problem]:
    for number, package in enumerate(packages):
        name = package.partition("=")[0]
        if name.endswith("^") or _PATTERN.search(name) or {":", "/"} & set(name):
            continue
        known = _names(index)
        if not known or {name, name.rstrip("+-")} & known or name in _provided(index):
            continue
        meant = did_you_mean(name, sorted(one for one in known if one[:1] == name[:1]))
        yield operation.problem(
            f"the archive has no package {name}",
            meant or "`vmdsl build --refresh` looks whether there is one by now",
            about=f"{about}[{number}]",
        )


@memoized
def _names(index: Path) -> frozenset[str]:
    """Return the names of all packages of an index; empty if they cannot be read."""
    files = list(index.glob("*_Packages*"))
    if not all(file.name.endswith("_Packages") for file in files):
        return frozenset()  # compressed
    stanzas = (b"\n" + file.read_bytes() for file in files)
    return frozenset(
        found.partition(b"\n")[0].decode("ascii", "replace")
        for text in stanzas
        for found in text.split(b"\nPackage: ")[1:]
    )


@memoized
def _provided(index: Path) -> frozenset[str]:
    """Return the names of virtual packages."""
    fields = [
        field
        for file in index.glob("*_Packages")
        for field in re.findall(
            r"^Provides: (.*)", file.read_text("utf-8", "replace"), re.MULTILINE
        )
    ]
    return frozenset(re.split(r"[ :(]", one.strip())[0] for f in fields for one in f.split(","))
