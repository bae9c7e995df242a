"""The programs that make disks: unpacked, kept, and found before this machine's own."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from vmdsl import programs
from vmdsl.builder.cache.checksums import digest
from vmdsl.builder.cache.debs import checksums
from vmdsl.builder.cache.store import Layer, boot_id
from vmdsl.builder.cache.tools import SUITE, KnownTools
from vmdsl.builder.tree.tree import BuildTree
from vmdsl.builder.tree.unpacked import loader_in, make_root, program_in, write_script
from vmdsl.errors import BuildError, Hint, Problem, VmdslError
from vmdsl.operations.packages.apt_errors import explained
from vmdsl.operations.packages.host_apt import HostApt
from vmdsl.operations.systems.mmdebstrap import Debootstrap

#: Its libraries look for modules and settings in places of this machine, if they aren't told.
_SCRIPT = """\
#!/bin/sh
export GCONV_PATH={modules} OPENSSL_CONF=/dev/null
exec {loader} --library-path {libraries} --argv0 {name} {program} "$@"
"""
_BLOCK = 512
_FROM_HOST = "--host-tools takes the programs of this machine instead"


class Toolbox:
    """The programs that make the disk of one build."""

    def __init__(self, known: KnownTools, tree: BuildTree, workspace: Path) -> None:
        self._known = known
        self._tree = tree
        self._workspace = workspace
        self._debs = known.debs()
        self._places = self._kept(self._debs)

    @property
    def key(self) -> str:
        """The key of the programs that this build has."""
        return self._known.key_of(self._debs)

    @property
    def is_there(self) -> bool:
        """Whether nothing must be unpacked."""
        return bool(self._places) or not self._known.tools.archives

    def provide(self) -> None:
        """Let this process find the programs, which are unpacked if they must be.

        Raises BuildError where they cannot be had.
        """
        if not self._known.tools.archives:
            return
        places = self._places or self._unpacked()
        folder = self._workspace / "tools"
        folder.mkdir()
        loader = next(found for place in places if (found := loader_in(place)))
        below = loader.parent.relative_to(loader.parents[3])
        libraries = [place / below for place in places if (place / below).is_dir()]
        for name in self._known.tools.programs:
            program = next(filter(None, (program_in(place, name) for place in places)), None)
            if program is None:  # this machine's own would be another one
                raise BuildError(f"{SUITE} has no program {name}", code="tools")
            words = {
                "modules": loader.parent / "gconv",
                "loader": loader,
                "libraries": ":".join(map(str, libraries)),
                "program": program,
            }
            quoted = {word: shlex.quote(str(value)) for word, value in words.items()}
            write_script(folder / name, _SCRIPT.format(name=name, **quoted))
        programs.prefer(folder, libraries)

    def _kept(self, debs: Mapping[str, str]) -> list[Path]:
        """Return the places of unpacked packages; none if the cache lacks one."""
        found = [self._place(checksum) for checksum in debs.values()]
        return [place for place in found if place] if None not in found else []

    def _place(self, checksum: str) -> Path | None:
        layer = self._known.store.use(_layer_key(checksum))
        return self._known.store.place(layer) if layer else None

    def _unpacked(self) -> list[Path]:
        """Unpack the packages, of the first archive that has them. Returns the places."""
        errors = []
        for archive in self._known.tools.archives:
            try:
                with explained(archive):
                    return self._unpack(archive)
            except VmdslError as error:
                errors.append(error)
        problem = errors[0].problems[0]
        what = f"the programs of {SUITE} that make disks cannot be had: {problem.what}"
        hint = Hint.of_lines(filter(None, (_FROM_HOST, problem.hint)))
        raise BuildError(Problem(what=what, hint=hint, where=problem.where, code="tools"))

    def _unpack(self, archive: Debootstrap) -> list[Path]:
        apt = archive.apt_beside(self._tree)
        names = self._known.tools.packages
        printed = []
        for package in names:
            printed.append(apt.would_fetch([package]))
            if debs := checksums(printed[-1]):
                self._known.note(archive, package, debs, self._tree.scratch)
        self._debs = debs = checksums("".join(printed))
        with self._tree.kept_packages("".join(printed)) as (folder, missing):
            if missing or not all(printed):  # the real attempt says why it can't say
                apt.download(names, folder)
            for name, checksum in debs.items():
                if self._place(checksum) is None:
                    self._keep(apt, folder / name, checksum)
        return self._kept(debs)

    def _keep(self, apt: HostApt, deb: Path, checksum: str) -> None:
        place = self._workspace / f"{checksum}.tools"
        make_root(place)
        apt.unpack_file(deb, place)
        layer = Layer(
            key=_layer_key(checksum),
            summary=f"{deb.name}, for programs that make disks",
            step="",
            recipe="",
            size=sum(_sizes(place)),
            boot=boot_id(),
        )
        self._known.store.keep(layer, place)


def _layer_key(key: str) -> str:
    return digest(["tools", key])


def _sizes(place: Path) -> Iterable[int]:
    """Yield the sizes on disk of all files of a directory, in bytes."""
    for folder, _, files in os.walk(place):
        for file in files:
            yield Path(folder, file).lstat().st_blocks * _BLOCK
