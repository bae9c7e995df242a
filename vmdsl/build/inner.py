"""The build itself, run as the first process of the sandbox: grow the tree, assemble, finish."""

from __future__ import annotations

import os
import pickle
import sys
import traceback
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import IO

from vmdsl.build.assemble import Assembler, write_table
from vmdsl.build.chain import Chain
from vmdsl.build.clean import clean
from vmdsl.build.failure import keep, look
from vmdsl.build.finish import FinishedImage
from vmdsl.build.job import Job, OnError, problem_as_data, tell
from vmdsl.build.layers import Layers, Stopped
from vmdsl.build.system import end_everything, make_devices, mount_proc, surroundings
from vmdsl.build.tree import BuildTree
from vmdsl.errors import BuildError, Problem, VmdslError
from vmdsl.language.handles import Filesystem
from vmdsl.language.operations import Operation, TreeOperation
from vmdsl.language.spans import Span
from vmdsl.plan.lay_out import with_size
from vmdsl.plan.load import load
from vmdsl.plan.places import up


class Build:
    """One build under way, in the sandbox."""

    def __init__(self, job: Job, events: IO[str]) -> None:
        self._job = job
        self._events = events
        self.tree = BuildTree(job, job.workspace / "tree")
        self._layers = Layers(job.workspace / "layers", self.tree.path, job.log)
        self._chain = Chain(job, self._layers, self.tree)
        self._devices = job.workspace / "dev"
        self._resolver = _host_resolver()
        self._number = 0
        filesystems = len(job.layout.filesystems)
        self._total = len(job.tree_operations) + filesystems + len(job.image_operations) + 2

    def run(self) -> str:
        """All three phases. The key of the tree; nothing where that isn't known."""
        mount_proc()
        make_devices(self.tree, self._devices)
        try:
            self._grow()
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
        operations = self._job.tree_operations
        for operation, inputs in zip(operations, self._job.inputs, strict=True):
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
                            self._chain.making(operation),
                        ):
                            self._apply(operation)
        with self._chain.next(self._job.cleaning) as known:
            self._started("", "clean the tree", how="cached" if known else "")
            if known:
                self._chain.take(known)
            else:
                with self._chain.making():
                    self._clean()
        self._chain.done()

    def _apply(self, operation: TreeOperation) -> None:
        try:
            with self.tree.work_of(operation), self._surroundings(operation):
                operation.apply(self.tree)
        except Stopped:
            end_everything()
            self.tree.unbind()
            raise

    def _clean(self) -> None:
        self.tree.inside(clean)
        for mount in self._job.layout.mounts:
            with self._placing(mount.mounted):
                self.tree.mkdir(str(mount.path))

    def _surroundings(self, operation: TreeOperation) -> AbstractContextManager[None]:
        if not operation.in_system:
            return nullcontext()
        return surroundings(self.tree, self._devices, self._resolver)

    def _assemble(self) -> None:
        with self._layers.reading():
            assembler = Assembler(self._job, self.tree)
            self._measure(assembler)
            self._started("", "write the partition table")
            grown = self._grow_image(assembler) if self.tree.layout.open else None
            if grown is None:
                write_table(self._job, self.tree)
            for filesystem in self.tree.layout.filesystems:
                with self._working(filesystem.filesystem), self._scratch():
                    if filesystem.filesystem is not grown:
                        assembler.make(filesystem)
            written: list[Span] = []
            for operation in self._job.image_operations:
                with self._working(operation), self._scratch():
                    image = FinishedImage(self._job.image, self.tree, written, operation)
                    operation.apply(image)
                    end_everything()

    def _measure(self, assembler: Assembler) -> None:
        """Raise BuildError, with all figures, where filesystems are too small for their content."""
        short = []
        layout = self.tree.layout
        for filesystem in layout.filesystems:
            if not layout.is_open(filesystem.partition):
                with self._placing(filesystem.filesystem), self._scratch():
                    short.append(assembler.shortage(filesystem))
        if problems := [problem for problem in short if problem is not None]:
            raise BuildError(*problems)

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
            write_table(self._job, self.tree)
            with self._placing(open_.filesystem), self._scratch():
                found = self.tree.layout.filesystems
                room = assembler.make(next(f for f in found if f.filesystem is open_.filesystem))
            if room is None or room.available >= free:
                return open_.filesystem
            size += up(free - room.available)

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
            load(Path(pickle.load(sys.stdin.buffer)))  # noqa: S301 (our own parent sends it)
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
