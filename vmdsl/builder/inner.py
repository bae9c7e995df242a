"""The build itself, run as the first process of the sandbox: grow the tree, assemble, finish."""

from __future__ import annotations

import os
import pickle
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, TypeVar

from vmdsl import programs
from vmdsl.builder.assemble import Assembler
from vmdsl.builder.cache.keys import finds_mount_points
from vmdsl.builder.finish import FinishedImage
from vmdsl.builder.image.table import write_table
from vmdsl.builder.job import Job, OnError, problem_as_data, tell
from vmdsl.builder.sandbox.children import end_everything, side_by_side
from vmdsl.builder.sandbox.mounts import make_devices, mount_proc
from vmdsl.builder.sandbox.namespaces import start_loopback
from vmdsl.builder.tree.chain import Chain
from vmdsl.builder.tree.commands import shown
from vmdsl.builder.tree.failure import keep, look
from vmdsl.builder.tree.layers import Layers, Stopped
from vmdsl.builder.tree.surroundings import surroundings
from vmdsl.builder.tree.tree import BuildTree
from vmdsl.errors import BuildError, Problem, VmdslError
from vmdsl.language.effects import TreeOperation
from vmdsl.language.handles import Filesystem
from vmdsl.language.layout import FilesystemLayout
from vmdsl.language.operation import Operation
from vmdsl.language.secret import secrets_in
from vmdsl.operations.systems.leftovers import clean
from vmdsl.plan.extents import round_up_to_mib
from vmdsl.plan.lay_out import with_size
from vmdsl.plan.load import load

_T = TypeVar("_T")


class Build:
    """One build under way, in the sandbox."""

    def __init__(self, job: Job, events: IO[str]) -> None:
        self._job = job
        self._events = events
        self.tree = BuildTree(job, job.workspace / "tree")
        self._layers = Layers(job.workspace / "layers", self.tree.path)
        self._chain = Chain(job, self._layers, self.tree)
        self._devices = job.workspace / "dev"
        self._resolver = _host_resolver()
        self._number = 0
        filesystems = len(job.layout.filesystems)
        self._total = len(job.tree_operations) + filesystems + len(job.image_operations) + 2

    def run(self) -> str:
        """All three phases. The key of the tree; nothing where that isn't known."""
        programs.observers.append(self._tell_of_program)
        mount_proc()
        if self._job.caching.offline:
            start_loopback()
        make_devices(self._devices)
        try:
            tell(self._events, "phase", name="tree")
            try:
                self._grow()
            finally:
                self._chain.done()
            tell(self._events, "phase", name="assembly")
            self._assemble()
        except VmdslError as error:
            if self._job.on_error is OnError.KEEP:
                error.problems = (*error.problems, *keep(self.tree, self._job.workspace))
            raise
        return self._chain.key

    def offer_shell(self) -> None:
        """Let the user look at the tree as a failed operation has left it, if that is wanted."""
        if self._job.on_error is OnError.SHELL:
            look(self.tree, self._layers, self._devices, self._resolver, self._job.console)

    def _grow(self) -> None:
        job = self._job
        work = zip(job.tree_operations, job.inputs, job.stamps, strict=True)
        for operation, inputs, stamp in work:
            if operation.unless is not None and self.tree.truth_of(operation.unless):
                self._started(operation.name, operation.summary(), how="skipped")
            elif not operation.changes_tree:
                with self._working(operation), self._scratch(), self._layers.writing():
                    self._apply(operation)
            else:
                with self._chain.next(inputs) as known:
                    if known:
                        self._started(operation.name, operation.summary(), how="cached")
                        self._chain.take(known, operation)
                    else:
                        with (
                            self._working(operation),
                            self._scratch(),
                            self._chain.making(operation, stamp),
                        ):
                            self._apply(operation)
        with self._chain.next(self._job.cleaning) as known:
            self._started("", "clean the tree", how="cached" if known else "")
            if known:
                self._chain.take(known)
            else:
                with self._chain.making():
                    self._clean()

    def _apply(self, operation: TreeOperation) -> None:
        try:
            with self.tree.work_of(operation), self._surroundings(operation):
                if finds_mount_points(operation):
                    self._make_mount_points()
                operation.apply(self.tree)
        except Stopped:
            end_everything()
            self.tree.unbind()
            raise

    def _clean(self) -> None:
        self.tree.inside(clean)
        self._make_mount_points()

    def _make_mount_points(self) -> None:
        """Scripts and packages expect a directory where something will be mounted."""
        for mount in self._job.layout.mounts:
            with self._placing(mount.mounted):
                self.tree.mkdir(str(mount.path))

    def _surroundings(self, operation: TreeOperation) -> AbstractContextManager[None]:
        if not operation.in_system:
            return nullcontext()
        secret = any(secrets_in(operation))
        return surroundings(self.tree, self._devices, self._resolver, own_tmp=secret)

    def _assemble(self) -> None:
        with self._layers.reading():
            assembler = Assembler(self._job, self.tree)
            self._measure(assembler.likely_shortage)
            try:
                self._make(assembler)
            except BuildError:
                self._measure(assembler.shortage)  # it may have been likely to fit, and did not
                raise
            written = self.tree.stand_ins.copy_to(self._job.image)
            for operation in self._job.image_operations:
                with self._working(operation), self._scratch():
                    image = FinishedImage(self._job.image, self.tree, written, operation)
                    operation.apply(image)
                    end_everything()

    def _make(self, assembler: Assembler) -> None:
        """Make the partition table and the filesystems."""
        self._started("", "write the partition table")
        grown = self._grow_image(assembler) if self.tree.layout.open else None
        if grown is None:
            self._write_table()
        filesystems = self.tree.layout.filesystems
        others = [f for f in filesystems if f.filesystem is not grown]
        made = self._side_by_side(others, assembler.make)
        for filesystem in filesystems:
            with self._working(filesystem.filesystem):
                if filesystem.filesystem is not grown:
                    next(made)

    def _write_table(self) -> None:
        job, tree = self._job, self.tree
        write_table(job.image, tree.layout, epoch=tree.epoch, log=job.log)

    def _measure(self, shortage: Callable[[FilesystemLayout], Problem | None]) -> None:
        """Raise BuildError, with all figures, where filesystems are too small for their content."""
        layout = self.tree.layout
        known = [f for f in layout.filesystems if not layout.is_open(f.partition)]
        short = self._side_by_side(known, shortage)
        if problems := [problem for problem in short if problem is not None]:
            raise BuildError(*problems)

    def _side_by_side(
        self, filesystems: Sequence[FilesystemLayout], work: Callable[[FilesystemLayout], _T]
    ) -> Iterator[_T]:
        """Do some work for each filesystem, in children; the results in order."""
        for result, ran in side_by_side([partial(self._in_child, work, f) for f in filesystems]):
            for program in ran:
                self._tell_of_program(program)
            yield result

    def _in_child(
        self, work: Callable[[FilesystemLayout], _T], filesystem: FilesystemLayout
    ) -> tuple[_T, list[programs.Finished]]:
        """Do some work with a scratch directory of this process's own."""
        ran: list[programs.Finished] = []
        programs.observers[:] = [lambda done: ran.append(replace(done, output=""))]
        self.tree.scratch = Path(tempfile.mkdtemp(dir=self._job.workspace)) / "scratch"
        with self._placing(filesystem.filesystem), self._scratch():
            return work(filesystem), ran

    def _grow_image(self, assembler: Assembler) -> Filesystem:
        """Make the image as large as its content needs, and the filesystem that grows in it.

        Its size was found by counting: if it then has less room than was asked for, it grows on.
        """
        layout = self.tree.layout
        (open_,) = [f for f in layout.filesystems if layout.is_open(f.partition)]
        free = layout.disk.free.bytes if layout.disk.free else 0
        with self._placing(open_.filesystem), self._scratch():
            size = assembler.least_size(open_, free=free)
        while True:
            self.tree.layout, problems = with_size(layout, size)
            if problems:
                raise BuildError(*problems)
            self._write_table()
            with self._placing(open_.filesystem), self._scratch():
                found = self.tree.layout.filesystems
                room = assembler.make(next(f for f in found if f.filesystem is open_.filesystem))
            if room is None or room.available >= free:
                return open_.filesystem
            size += round_up_to_mib(free - room.available)

    @contextmanager
    def _working(self, operation: Operation) -> Iterator[None]:
        """Tell what is under way."""
        self._started(operation.name, operation.summary())
        with self._placing(operation):
            yield

    @contextmanager
    def _placing(self, operation: Operation) -> Iterator[None]:
        """Give an error that has no place that of an operation."""
        try:
            yield
        except Stopped:
            raise
        except VmdslError as error:
            placed = [p if p.where else operation.problem(p.what, p.hint) for p in error.problems]
            raise BuildError(*placed) from None
        except Exception as error:
            _log_traceback()
            raise BuildError(operation.problem(_said(error))) from error

    def _tell_of_program(self, done: programs.Finished) -> None:
        command = shown(done.argv)
        tell(self._events, "ran", command=command, seconds=done.seconds, used=done.cpu)

    def _started(self, step: str, summary: str, *, how: str = "") -> None:
        self._number += 1
        tell(
            self._events,
            "started",
            number=self._number,
            total=self._total,
            step=step,
            summary=summary,
            how=how,
        )

    @contextmanager
    def _scratch(self) -> Iterator[None]:
        self.tree.scratch.mkdir()
        yield
        try:
            self.tree.scratch.rmdir()
        except OSError:
            self.tree.run("rm", "-rf", "--one-file-system", str(self.tree.scratch))


def _host_resolver() -> str:
    try:
        return Path("/etc/resolv.conf").read_text(encoding="utf-8")
    except OSError:
        return ""


def main() -> None:
    """Read the job, do it, and answer with events. The recipe's own operations come from it."""
    os.umask(0o022)
    build = None
    with _take_stdout() as events:
        try:
            if code := pickle.load(sys.stdin.buffer):  # noqa: S301 (our own parent sends it)
                load(code)
            build = Build(pickle.load(sys.stdin.buffer), events)  # noqa: S301
            tree = build.run()
        except VmdslError as error:
            problems, code = error.problems, type(error).exit_code
            tell(events, "failed", problems=[problem_as_data(p) for p in problems], code=code)
        except Exception as error:  # noqa: BLE001 (nobody else would tell of it)
            _log_traceback()
            problem = problem_as_data(Problem(what=_said(error)))
            tell(events, "failed", problems=[problem], code=BuildError.exit_code)
        else:
            tell(events, "finished", tree=tree)
            return
        if build is not None:
            build.offer_shell()


def _take_stdout() -> IO[str]:
    """Keep standard output for events; what a recipe's own code prints goes to the log."""
    events = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return events


def _said(error: Exception) -> str:
    """What went wrong, in a sentence; the name of an exception says something to its author."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{os.fsdecode(error.filename)}: {error.strerror}"
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def _log_traceback() -> None:
    with suppress(OSError):  # the log's disk may be full, which may be the very error
        traceback.print_exc()


if __name__ == "__main__":
    main()
