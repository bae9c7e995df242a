"""Finds packages that an archive does not have, by the index of it that the next build uses."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import cache as memoized
from pathlib import Path

from vmdsl.builder.cache.archives import is_recent, read_state
from vmdsl.builder.cache.cache_dir import CacheDir
from vmdsl.errors import Advice, Problem
from vmdsl.language.effects import TreeOperation
from vmdsl.language.operation import Operation
from vmdsl.operations.packages.apt import Apt, AptRemove
from vmdsl.operations.systems.mmdebstrap import Debootstrap
from vmdsl.similar import did_you_mean

#: After a script with such a word, there may be other archives.
_CHANGES_SOURCES = re.compile(r"apt|dpkg|sources|repo")
#: A script with one of these may have packages from elsewhere.
_ADDS_SOURCES = re.compile(r"<<|dpkg|sources|repo|\.deb\b|\w\(\)|\balias\b")
#: What a script has apt install, in a command that is a line of its own, without variables.
_INSTALL = re.compile(
    r"^[ \t]*(?:[A-Z_]+=\S+[ \t]+)*apt(?:-get)?(?:[ \t]+-\S+)*[ \t]+install[ \t]+"
    r"([^\n;&|<>#$`\"']+)$",
    re.MULTILINE,
)
_NAME = re.compile(r"[a-z0-9][a-z0-9.+-]+")
#: apt takes a name with these for a pattern, if there is no such package.
_PATTERN = re.compile(r"[.?*]")


def unknown_packages(operations: Sequence[Operation], cache: CacheDir) -> Iterator[Problem]:
    """Report packages that the kept index lacks. An index that is fetched anew may have them."""
    for system in operations:
        if isinstance(system, Debootstrap) and (index := _index(system, cache)):
            yield from _unknown(system, _numbered("include", system.include), index)
            others = False
            for operation in _same_sources(system, operations):
                others |= isinstance(operation, Apt) and bool(operation.debs)
                if (isinstance(operation, Apt) and not operation.suite) or (
                    isinstance(operation, AptRemove) and not others
                ):
                    named = _numbered("packages", operation.packages)
                    yield from _unknown(operation, named, index)
                elif not others:
                    named = [("script", name) for name in _installed_by_script(operation)]
                    yield from _unknown(operation, named, index, Advice)


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


def _numbered(about: str, packages: Sequence[str]) -> list[tuple[str, str]]:
    return [(f"{about}[{number}]", package) for number, package in enumerate(packages)]


def _installed_by_script(operation: TreeOperation) -> list[str]:
    """Return the packages that a script in the system has apt install, named plainly."""
    texts = [one.text for one in operation.scripts() if one.about == "script"]
    if operation.programs or any(map(_ADDS_SOURCES.search, texts)):
        return []
    lines = _INSTALL.findall("\n".join(texts).replace("\\\n", " "))
    return [word for line in lines for word in line.split() if _NAME.fullmatch(word)]


def _unknown(
    operation: TreeOperation,
    named: Sequence[tuple[str, str]],
    index: Path,
    kind: type[Problem] = Problem,
) -> Iterator[Problem]:
    """Report the packages that an index lacks, each with the argument that names it."""
    for about, package in named:
        name, _, version = package.partition("=")
        if name.endswith("^") or _PATTERN.search(name) or {":", "/"} & set(name):
            continue
        if _is_listed(name, index):
            known = _versions(name, index) if version else []
            if known and version not in known:
                yield operation.problem(
                    f"the archive has no version {version} of {name}",
                    f"it has {' and '.join(known)}: leave out ={version}",
                    about=about,
                    kind=kind,
                    code="unknown-package",
                )
            continue
        if _is_listed(name.rstrip("+-"), index):
            continue
        if not _lists(index) or _is_virtual(name, index):
            continue
        names = sorted(one for one in _names(index) if one[:1] == name[:1])
        meant = did_you_mean(name, names) or _two_packages(name, index)
        yield operation.problem(
            f"the archive has no package {name}",
            meant or "`vmdsl build --refresh` looks whether there is one by now",
            about=about,
            kind=kind,
            code="unknown-package",
        )


@memoized
def _lists(index: Path) -> tuple[bytes, ...]:
    """Return the lists of packages of an index; none if they are compressed."""
    files = list(index.glob("*_Packages*"))
    if not all(file.name.endswith("_Packages") for file in files):
        return ()
    return tuple(file.read_bytes() for file in files)


def _is_listed(name: str, index: Path) -> bool:
    stanza = f"Package: {name}\n".encode()
    return any(t.startswith(stanza) or t.find(b"\n" + stanza) >= 0 for t in _lists(index))


def _two_packages(name: str, index: Path) -> str:
    """Return a hint if a name is that of two packages, as with a comma that is missing."""
    known = _names(index)
    parts = ((name[:place], name[place:]) for place in range(1, len(name)))
    found = next(((one, other) for one, other in parts if {one, other} <= known), None)
    return f'did you mean "{found[0]}", "{found[1]}", with a comma?' if found else ""


def _versions(name: str, index: Path) -> list[str]:
    """Return the versions that an index has of a package."""
    stanza = re.compile(
        rb"(?m)^Package: %s\n(?:\S[^\n]*\n| [^\n]*\n)*?Version: (\S+)" % re.escape(name).encode()
    )
    return sorted({v.decode() for text in _lists(index) for v in stanza.findall(text)})


def _is_virtual(name: str, index: Path) -> bool:
    """Return whether a package provides one of this name."""
    provides = re.compile(rb"\nProvides:[^\n]*[ ,]%s[ ,:(\n]" % re.escape(name).encode())
    return any(map(provides.search, _lists(index)))


@memoized
def _names(index: Path) -> frozenset[str]:
    """Return the names of all packages of an index."""
    found = (name for text in _lists(index) for name in re.findall(rb"(?m)^Package: (\S+)", text))
    return frozenset(name.decode("ascii", "replace") for name in found)
