"""The growth of the tree: each operation on it makes a layer, or finds its layer in the cache."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from vmdsl import emulation
from vmdsl.builder.cache.store import Store
from vmdsl.builder.cache.tools import KnownTools
from vmdsl.builder.events import Events, placing
from vmdsl.builder.job import Job, OnError
from vmdsl.builder.sandbox.children import end_everything
from vmdsl.builder.sandbox.mounts import make_devices, mount_proc
from vmdsl.builder.sandbox.namespaces import start_loopback
from vmdsl.builder.tree.chain import Chain
from vmdsl.builder.tree.failure import open_shell
from vmdsl.builder.tree.layers import Layers, Stopped, seal
from vmdsl.builder.tree.native import NativePrograms
from vmdsl.builder.tree.stand_ins import StandIns
from vmdsl.builder.tree.surroundings import surroundings
from vmdsl.builder.tree.swap_files import make_swap_file
from vmdsl.builder.tree.tools import Toolbox
from vmdsl.builder.tree.tree import BuildTree
from vmdsl.errors import HostError
from vmdsl.language.effects import TreeOperation, finds_mount_points
from vmdsl.language.secret import secrets_in
from vmdsl.operations.systems.leftovers import clean
from vmdsl.operations.systems.roots import RootMaker


class Growth:
    """The tree of a build, and the layers that it is made of. Mounts what that takes.

    Raises HostError where the sandbox cannot have that.
    """

    def __init__(self, job: Job, events: Events) -> None:
        self._job = job
        self._events = events
        self._devices = job.workspace / "dev"
        self._resolver = _host_resolver()
        mount_proc()
        if job.caching.offline:
            start_loopback()
        make_devices(self._devices)
        emulated = _enable_emulation(job)
        events.emulated = emulated is not None
        self._native = NativePrograms(system=emulated, devices=self._devices) if emulated else None
        self._stand_ins = stand_ins = StandIns(
            self._devices,
            job.layout,
            job.image_operations,
            emulated=emulated.arch if emulated else None,
        )
        self.tree = BuildTree(
            layout=job.layout,
            operations=job.tree_operations,
            recipe_directory=job.directory,
            workspace=job.workspace,
            log=job.log,
            cache=job.cache,
            caching=job.caching,
            epoch=job.epoch,
            secrets=job.secrets,
            answers=stand_ins.digest,
            emulated=emulated.arch if emulated else None,
            native=self._native,
        )
        store = Store(job.cache)
        self.tools = Toolbox(
            KnownTools(
                tools=job.tools,
                archives=self.tree.archives,
                store=store,
                directory=job.directory,
            ),
            self.tree,
            job.workspace,
        )
        self._layers = Layers(job.workspace / "layers", self.tree.path)
        self._chain = Chain(
            store,
            self._layers,
            self.tree,
            stand_ins,
            start=job.start if job.caching.use else None,
            recipe=job.recipe,
            workspace=job.workspace,
            log=job.log,
        )

    def run(self) -> str:
        """Apply all operations on the tree, and clean it. Returns its key, or "" if not known.

        The tools come first, as they may be a question to the tree's own archive.
        """
        job = self._job
        self._provide_tools()
        try:
            for operation, inputs, stamp in zip(
                job.tree_operations, job.inputs, job.stamps, strict=True
            ):
                if operation.unless is not None and self.tree.truth_of(operation.unless):
                    self._events.started(operation.name, operation.summary(), how="skipped")
                elif operation.changes_tree:
                    self._add_layer(operation, inputs, stamp)
                else:
                    with self._working(operation), self._layers.writing():
                        self._apply(operation)
            self._add_clean_layer()
        finally:
            self._chain.done()
        self._add_swap_files()
        return self._chain.key

    @contextmanager
    def complete(self) -> Iterator[BuildTree]:
        """Show the tree, which nothing can change any more."""
        with self._layers.reading():
            yield self.tree

    def offer_shell(self) -> None:
        """Let the user look at the tree as a failed operation has left it, if that is wanted."""
        if self._job.on_error is OnError.SHELL:
            open_shell(self.tree, self._layers, self._devices, self._resolver, self._job.console)

    def _provide_tools(self) -> None:
        if not self.tools.is_there:
            self._events.total += 1
            self._events.started("", "unpack the programs that make disks")
        with self.tree.own_scratch():
            self.tools.provide()

    def _add_layer(self, operation: TreeOperation, inputs: str | None, stamp: str) -> None:
        with self._chain.next(inputs) as known:
            if known:
                self._events.started(operation.name, operation.summary(), how="cached")
                self._chain.take(known, operation)
            else:
                with self._working(operation), self._chain.making(operation, stamp):
                    self._apply(operation)

    def _add_clean_layer(self) -> None:
        with self._chain.next(self._job.cleaning) as known:
            self._events.started("", "clean the tree", how="cached" if known else "")
            if known:
                self._chain.take(known)
            else:
                with self._chain.making():
                    self.tree.inside(clean)
                    self._make_mount_points()

    def _add_swap_files(self) -> None:
        """Make the swap files, in a layer of this build alone: they are large, and quickly made."""
        if not self._job.layout.swap_files:
            return
        with self._layers.writing() as part:
            for place in self._job.layout.swap_files:
                with self._events.working(place.swap_file), self.tree.own_scratch():
                    make_swap_file(self.tree, place)
        seal(part, self.tree.epoch, keep_reserved=True)
        self._layers.add(part)

    @contextmanager
    def _working(self, operation: TreeOperation) -> Iterator[None]:
        with self._events.working(operation), self.tree.own_scratch():
            yield

    def _apply(self, operation: TreeOperation) -> None:
        try:
            with self._at_work(operation):
                if finds_mount_points(operation):
                    self._make_mount_points()
                operation.apply(self.tree)
            if isinstance(operation, RootMaker):
                with self._at_work(operation):
                    operation.complete(self.tree)
        except Stopped:
            end_everything()
            self.tree.unbind()
            raise

    @contextmanager
    def _at_work(self, operation: TreeOperation) -> Iterator[None]:
        """Let the tree be that of an operation, and the system, if there is one, as if it ran."""
        with (
            self.tree.work_of(operation),
            self._surroundings(operation),
            self._natively(operation),
        ):
            yield

    def _make_mount_points(self) -> None:
        """Make directories where something will be mounted, as scripts and packages expect."""
        for mount in self._job.layout.mounts:
            with placing(mount.mounted):
                self.tree.mkdir(str(mount.path))

    def _natively(self, operation: TreeOperation) -> AbstractContextManager[None]:
        """Run programs of this machine in place of emulated ones.

        A recipe's own scripts may look at programs in ways of their own: in them, only an initramfs
        is made so.
        """
        if self._native is None:
            return nullcontext()
        return self._native.at_work(self.tree, only_initramfs=bool(operation.scripts()))

    def _surroundings(self, operation: TreeOperation) -> AbstractContextManager[None]:
        if not operation.in_system:
            return nullcontext()
        has_secrets = any(secrets_in(operation))
        return surroundings(
            self.tree,
            self._devices,
            self._resolver,
            own_tmp=has_secrets,
            by_path=self._stand_ins.called_by_path(operation.scripts()),
        )


def _enable_emulation(job: Job) -> RootMaker | None:
    """Let the system's programs run here. Returns the operation that makes it if they are emulated.

    Raises HostError, at the step of the system, where that is not possible.
    """
    for system in job.tree_operations:
        if isinstance(system, RootMaker) and not emulation.is_native(system.arch):
            place = job.workspace / "emulation"
            place.mkdir()
            if found := emulation.enable(system.arch, place):
                raise HostError(system.problem(found.what, found.hint, code="build-machine"))
            return system
    return None


def _host_resolver() -> str:
    try:
        return Path("/etc/resolv.conf").read_text(encoding="utf-8")
    except OSError:
        return ""
