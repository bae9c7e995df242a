"""The programs that make disks: unpacked, kept, and found before this machine's own."""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Iterable
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

#: Its libraries look for modules and settings in places of this machine, if they aren't told.
_SCRIPT = """\
#!/bin/sh
export GCONV_PATH={libraries}/gconv OPENSSL_CONF=/dev/null
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
        #: Their key, as far as it is known.
        self.key = known.key()
        self._place = self._kept()

    @property
    def is_there(self) -> bool:
        """Whether nothing must be unpacked."""
        return self._place is not None or not self._known.tools.archives

    def provide(self) -> None:
        """Let this process find the programs, which are unpacked if they must be.

        Raises BuildError where they cannot be had.
        """
        if not self._known.tools.archives:
            return
        place = self._place or self._unpacked()
        folder = self._workspace / "tools"
        folder.mkdir()
        loader = loader_in(place)
        for name in self._known.tools.programs:
            if program := program_in(place, name):
                words = {"loader": loader, "libraries": loader.parent, "program": program}
                quoted = {word: shlex.quote(str(path)) for word, path in words.items()}
                write_script(folder / name, _SCRIPT.format(name=name, **quoted))
        programs.prefer(folder, loader.parent)

    def _kept(self) -> Path | None:
        """Return the place of the unpacked packages, if the cache has them."""
        store = self._known.store
        layer = store.use(_layer_key(self.key)) if self.key else None
        return store.place(layer) if layer else None

    def _unpacked(self) -> Path:
        """Unpack the packages, of the first archive that has them. Returns the place."""
        errors = []
        for archive in self._known.tools.archives:
            try:
                with explained(archive):
                    apt = archive.apt_beside(self._tree)
                    printed = self._would_fetch(apt)
                    found = checksums(printed)
                    self.key = self._known.note(archive, found, self._tree.scratch)
                    return self._kept() or self._unpack(apt, printed)
            except VmdslError as error:
                errors.append(error)
        problem = errors[0].problems[0]
        what = f"the programs of {SUITE} that make disks cannot be had: {problem.what}"
        hint = Hint.of_lines(filter(None, (_FROM_HOST, problem.hint)))
        raise BuildError(Problem(what=what, hint=hint, where=problem.where, code="tools"))

    def _would_fetch(self, apt: HostApt) -> str:
        """Return what apt prints that it would download. Raises CommandError if it can't say."""
        names = self._known.tools.packages
        printed = apt.would_fetch(names)
        if not printed:  # the real attempt says why
            apt.download(names, Path(tempfile.mkdtemp(dir=self._tree.scratch)))
        return printed

    def _unpack(self, apt: HostApt, printed: str) -> Path:
        place = self._workspace / "tools.tree"
        make_root(place)
        names = self._known.tools.packages
        apt.unpack(names, place, printed)
        layer = Layer(
            key=_layer_key(self.key),
            summary=f"programs of {SUITE} for disks: {' '.join(names)}",
            step="",
            recipe="",
            size=sum(_sizes(place)),
            boot=boot_id(),
        )
        return self._known.store.place(self._known.store.keep(layer, place))


def _layer_key(key: str) -> str:
    return digest(["tools", key])


def _sizes(place: Path) -> Iterable[int]:
    """Yield the sizes on disk of all files of a directory, in bytes."""
    for folder, _, files in os.walk(place):
        for file in files:
            yield Path(folder, file).lstat().st_blocks * _BLOCK
