"""The programs that make disks, which come from one suite for all hosts, so that disks are equal.

They are unpacked from Debian's archive, for this machine's architecture. The cache has each package
as a layer, under its checksum.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vmdsl.builder.cache.archives import Archives, State
from vmdsl.builder.cache.checksums import digest, identity_of
from vmdsl.builder.cache.store import Store
from vmdsl.language.operation import LayoutOperation, Operation, origin_of, tools_of
from vmdsl.machines import Arch, arch_of
from vmdsl.operations.systems.debootstrap import debians_archive
from vmdsl.operations.systems.mmdebstrap import Debootstrap
from vmdsl.values import Suite, is_debian_suite

#: The suite that they come from.
SUITE = Suite("trixie")


@dataclass(frozen=True, kw_only=True)
class Tools:
    """The programs that make a disk, each with its package.

    They come from the first of `archives` that has them; without any, they are this machine's own.
    """

    programs: Mapping[str, str]
    archives: tuple[Debootstrap, ...]

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages that have them."""
        return tuple(sorted(set(self.programs.values())))


def tools_for(operations: Sequence[Operation], *, of_host: bool) -> Tools:
    """Return the programs that make the disk of a plan."""
    parts = [o for o in operations if isinstance(o, LayoutOperation)]
    needed = {name: package for part in parts for name, package in tools_of(part).items()}
    arch = None if of_host or not needed else arch_of(platform.machine())
    return Tools(programs=needed, archives=tuple(_archives(operations, arch)) if arch else ())


def _archives(operations: Sequence[Operation], arch: Arch) -> Iterator[Debootstrap]:
    """Yield the archives that may have them: the recipe's own, if it is Debian's, comes first."""
    systems = [o for o in operations if isinstance(o, Debootstrap) and _is_debians(o)]
    for system in systems[:1]:
        yield replace(system, suite=SUITE, arch=arch, sources=())
    if not systems or systems[0].mirror:
        yield debians_archive(SUITE, arch, origin_of(operations[0]))


def _is_debians(system: Debootstrap) -> bool:
    is_public = system.keyring is None and system.credentials is None
    return is_public and is_debian_suite(system.suite.name)


@dataclass(frozen=True, kw_only=True)
class KnownTools:
    """The programs, and a cache that may know them; `directory` is the recipe's."""

    tools: Tools
    archives: Archives
    store: Store
    directory: Path

    def key(self) -> str:
        """Return the key of the programs that a build would use now, or "" if it must look."""
        return self.key_of(self.debs())

    def key_of(self, debs: Mapping[str, str]) -> str:
        """Return the key of the programs in files of packages, or of this machine's own."""
        if not self.tools.archives:
            return digest({name: identity_of(name) for name in self.tools.programs})
        return digest(sorted(debs.values())) if debs else ""

    def debs(self) -> dict[str, str]:
        """Return the files of all packages that have them, with checksums; none if unknown."""
        for archive in self.tools.archives:
            noted = [self.store.seen(self._base(archive, one)) for one in self.tools.packages]
            if all(states and not any(map(self.archives.why_not, states)) for states in noted):
                return {one.name: one.hash for states in noted for one in states if not one.sources}
        return {}

    def note(
        self, archive: Debootstrap, package: str, debs: Mapping[str, str], scratch: Path
    ) -> None:
        """Note the files, with checksums, that apt would fetch for one package."""
        files = [State(sources="", name=name, hash=sha, seen=0) for name, sha in debs.items()]
        state = self.archives.last(archive.index_sources(self.directory))
        if state is not None:
            self.store.note_seen(self._base(archive, package), (state, *files), scratch)

    def _base(self, archive: Debootstrap, package: str) -> str:
        return digest(["tools", package, archive.index_sources(self.directory)])


def key_of_parts(tree: str, tools: str) -> str:
    """Return the key of what an image is made of, and of what makes it; "" if one isn't known."""
    return digest([tree, tools]) if tree and tools else ""
