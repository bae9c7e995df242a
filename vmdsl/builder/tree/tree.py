"""The tree that operations work on: Tree and PackageCache of vmdsl.language.effects, for real."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from vmdsl.builder.cache.archives import Archives, State
from vmdsl.builder.cache.cache_dir import CacheDir, CacheOptions
from vmdsl.builder.cache.debs import Debs, checksums
from vmdsl.builder.image.allocation import copy_content
from vmdsl.builder.image.decoys import Decoys
from vmdsl.builder.report.mask import Mask
from vmdsl.builder.sandbox import environment
from vmdsl.builder.sandbox.children import write_all
from vmdsl.builder.sandbox.environment import INTO_TREE
from vmdsl.builder.tree import inside, owners, paths
from vmdsl.builder.tree.commands import Commands, make_lenient_mount
from vmdsl.builder.tree.copying import copier
from vmdsl.builder.tree.lent_files import StandIn
from vmdsl.builder.tree.native import NativePrograms
from vmdsl.emulation import is_64_bit
from vmdsl.errors import BuildError, CommandError, OwnerError, Problem
from vmdsl.language.effects import (
    COPY_ALL,
    CopyRules,
    Owner,
    PackageCache,
    TreeOperation,
)
from vmdsl.language.layout import Layout
from vmdsl.language.operation import Fact, problem_in
from vmdsl.language.secret import Secret
from vmdsl.machines import Arch

_T = TypeVar("_T")

#: The time of all that has none of its own where no archive says what time it is: 2020-01-01.
DEFAULT_EPOCH = 1577836800
_MOST_NAMED = 5
#: Where apt keeps what it downloads.
ARCHIVES = "/var/cache/apt/archives"


class BuildTree(PackageCache):
    """The tree of the build under way, at `tree` in its workspace while an operation is applied.

    `log` is the number of the open log. `answers` as for `Archives`. `emulated` is the architecture
    of the tree's programs, where the machine cannot run them by itself, and `native` those that
    run in place of some.
    """

    def __init__(
        self,
        *,
        layout: Layout,
        operations: Sequence[TreeOperation],
        recipe_directory: Path,
        workspace: Path,
        log: int,
        cache: CacheDir,
        caching: CacheOptions,
        epoch: int | None,
        secrets: Mapping[Secret, bytes],
        answers: str = "",
        emulated: Arch | None = None,
        native: NativePrograms | None = None,
    ) -> None:
        self.path = workspace / "tree"
        self._layout = layout
        self._works: TreeOperation | None = None
        self.recipe_directory = recipe_directory
        self.scratch = workspace / "scratch"
        self._own_programs = workspace / "bin"
        self._commands = Commands(log=log, mask=Mask(secrets.values()), directory=recipe_directory)
        self._operations = tuple(operations)
        self._epoch = epoch
        self._emulated = emulated
        self._native = native
        self._secrets = secrets
        self._facts: dict[int, bool] = {}
        self.archives = Archives(cache.archives, caching, time.time(), answers)
        #: Called with what an operation sees of archives, before it changes anything.
        self.saw: Callable[[State], None] = lambda _: None
        self._bound: list[str] = []
        #: Those of the operation at work, or of the last one.
        self.lent: list[StandIn] = []
        self._debs = Debs(cache.debs)
        self._offline = caching.offline
        self.decoys = Decoys(workspace, log)

    @contextmanager
    def own_scratch(self) -> Iterator[None]:
        """Make the scratch directory, and remove it unless there was an error."""
        self.scratch.mkdir()
        yield
        try:
            self.scratch.rmdir()
        except OSError:
            self.run("rm", "-rf", "--one-file-system", str(self.scratch))

    @property
    def known_epoch(self) -> int | None:
        """The epoch, or None if it is not known yet."""
        return self._epoch

    @property
    def epoch(self) -> int:
        return DEFAULT_EPOCH if self._epoch is None else self._epoch

    def set_epoch(self, epoch: int) -> None:
        if self._epoch is None:
            self._epoch = epoch

    def archive(
        self, name: str, sources: str, fetch: Callable[[Path], None], *, aside: bool = False
    ) -> Path:
        state, index = self.archives.get(name, sources, fetch, self.scratch)
        if not aside:
            self.saw(state)
        return index

    @property
    def layout(self) -> Layout:
        if self._works is not None and not self._works.reads_layout:
            what = f"{type(self._works).__name__} has reads_layout = False, and reads the layout"
            raise BuildError(
                self._works.problem(what, "set it to True in the class", code="operation")
            )
        return self._layout

    @layout.setter
    def layout(self, layout: Layout) -> None:
        self._layout = layout

    @contextmanager
    def work_of(self, operation: TreeOperation) -> Iterator[None]:
        """Let the tree be that of an operation at work."""
        self._works = operation
        try:
            yield
        finally:
            self._works = None

    @property
    def following(self) -> tuple[TreeOperation, ...]:
        """The operations after the one at work."""
        of_all = self._operations
        return of_all[of_all.index(self._works) + 1 :] if self._works in of_all else ()

    @contextmanager
    def kept_packages(self, printed: str) -> Iterator[tuple[Path, list[str]]]:
        wanted = checksums(printed)
        place = Path(tempfile.mkdtemp(prefix="packages-", dir=self.scratch))
        place.chmod(0o755)
        try:
            yield place, self._debs.lend(wanted, place)
        finally:
            self._debs.keep(place, wanted)

    @contextmanager
    def packages(self, printed: str) -> Iterator[None]:
        with self.kept_packages(printed) as (place, missing), self._archives_at(place):
            try:
                yield
            except CommandError:
                if self._offline and missing:
                    raise _not_kept(missing) from None
                raise

    @contextmanager
    def _archives_at(self, place: Path) -> Iterator[None]:
        self.mkdir(ARCHIVES)
        target = self.inside(partial(paths.real_place, ARCHIVES, directory=True))
        self.run("mount", "--bind", str(place), f"{self.path}{target}")
        try:
            yield
        finally:
            self.run("umount", "--lazy", f"{self.path}{target}")

    @contextmanager
    def listable(self, path: str) -> Iterator[None]:
        """Have a copy of a directory in memory, where its entries are numbered from zero.

        A disk's filesystem gives them numbers of 64 bits. Programs of 32 bits that weren't built
        for large files take those for an error, and QEMU hands them on as they are.
        """
        if self._emulated is None or is_64_bit(self._emulated) or not self.exists(path):
            yield
            return
        place = f"{self.path}{self.inside(partial(paths.real_place, path, directory=True))}"
        copy = Path(tempfile.mkdtemp(prefix="listable-", dir=self.scratch))
        self.run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", str(copy))
        self.run("cp", "-a", f"{place}/.", str(copy))
        self.run("mount", "--bind", str(copy), place)
        try:
            yield
        finally:
            self.run("umount", "--lazy", place)
            self.run("umount", "--lazy", str(copy))
            copy.rmdir()

    def native_hooks(self) -> tuple[str, str]:
        return self._native.hooks(self) if self._native else ("", "")

    def reveal(self, secret: Secret) -> bytes:
        if secret not in self._secrets:
            raise BuildError(
                f"the {secret.place} was not read: no field of the operation holds it",
                code="operation",
            )
        return self._secrets[secret]

    def decide(self, fact: Fact, truth: bool) -> None:  # noqa: FBT001 (the protocol's)
        self._facts[id(fact)] = truth

    def is_decided(self, fact: Fact) -> bool:
        """Return whether the fact has been decided."""
        return id(fact) in self._facts

    def truth_of(self, fact: Fact) -> bool:
        """Return whether a fact is true. Raises BuildError if it has not been decided."""
        if id(fact) not in self._facts:
            raise BuildError(
                problem_in(fact, "no operation has decided this fact yet", code="operation")
            )
        return self._facts[id(fact)]

    def run(
        self,
        *command: str,
        env: Mapping[str, str] | None = None,
        stdin: bytes | str = "",
        script: bool = False,
    ) -> None:
        known = environment.of_host(self.path, self.scratch, self._epoch, self._emulated)
        if script:
            make_lenient_mount(self._own_programs, self.path)
            known["PATH"] = f"{self._own_programs}:{known['PATH']}"
        self._run(command, {**known, **(env or {})}, stdin)

    def chroot(
        self,
        *command: str,
        env: Mapping[str, str] | None = None,
        stdin: bytes | str = "",
        script: bool = False,
    ) -> None:
        known = environment.of_tree(self._epoch, self._emulated)
        largest = self._largest_file() if script else None
        inside = (*INTO_TREE, str(self.path), *command)
        self._run(inside, {**known, **(env or {})}, stdin, largest)

    def _run(
        self,
        command: Sequence[str],
        env: Mapping[str, str],
        stdin: bytes | str,
        largest: int | None = None,
    ) -> None:
        try:
            self._commands.run(command, env, stdin, largest)
        except CommandError as error:
            raise owners.explained_command(error, command) from None

    def _largest_file(self) -> int:
        """Return how large a file of the tree may get, in bytes: some scripts fill the disk."""
        about = os.statvfs(self.path)
        half = about.f_bavail * about.f_frsize // 2  # there must be room for the image, too
        if self._layout.open:
            return half
        return min(half, max((f.device.size for f in self._layout.filesystems), default=half))

    def bind(self, source: Path, target: str) -> None:
        place = self.inside(partial(paths.real_place, target, directory=source.is_dir()))
        self.run("mount", "--bind", str(source), f"{self.path}{place}")
        self._bound.append(f"{self.path}{place}")

    def unbind(self) -> None:
        """Take away what `bind` has put there."""
        while self._bound:
            self.run("umount", "--lazy", self._bound.pop())

    def image(self) -> AbstractContextManager[Path]:
        assert self._works is not None  # noqa: S101 (only operations at work call this)
        return self.decoys.lend(self._works, self._layout, self.epoch)

    def read(self, path: str) -> bytes:
        return self.inside(partial(paths.read, path))

    def exists(self, path: str) -> bool:
        return self.inside(lambda: os.path.lexists(path))

    def write(
        self, path: str, content: bytes | str, *, mode: int = 0o644, uid: Owner = 0, gid: Owner = 0
    ) -> None:
        data = content.encode() if isinstance(content, str) else content

        def write() -> None:
            with paths.created(path, mode, uid, gid) as file:
                write_all(file, data)

        self.inside(write)

    def copy_in(
        self, source: Path, path: str, *, mode: int, uid: Owner = 0, gid: Owner = 0
    ) -> None:
        with source.open("rb") as content:

            def copy() -> None:
                with paths.created(path, mode, uid, gid) as file:
                    copy_content(content.fileno(), file)

            self.inside(copy)

    def copy_tree(self, source: Path, path: str, rules: CopyRules = COPY_ALL) -> None:
        with copier(source, rules) as copy:
            self.inside(partial(copy, Path(path)))

    def mkdir(
        self,
        path: str,
        *,
        mode: int | None = None,
        uid: Owner | None = None,
        gid: Owner | None = None,
    ) -> None:
        self.inside(partial(paths.make_directory, path, mode, uid, gid))

    def symlink(self, path: str, target: str) -> None:
        self.inside(partial(paths.make_symlink, path, target))

    def remove(self, path: str) -> None:
        self.inside(lambda: Path(path).unlink(missing_ok=True))

    def inside(self, function: Callable[[], _T]) -> _T:
        try:
            return inside.call(self.path, function)
        except OwnerError as error:
            raise owners.explained(error) from None


def _not_kept(names: Sequence[str]) -> BuildError:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return BuildError(
        Problem(
            what=f"with --offline, packages are missing: {' '.join(names[:_MOST_NAMED])}{more}",
            hint="build once without --offline",
            code="offline",
        )
    )
