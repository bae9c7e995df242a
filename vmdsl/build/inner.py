"""The build itself, run as the first process of the sandbox: grow the tree, assemble, finish."""

from __future__ import annotations

import os
import pickle
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vmdsl import programs
from vmdsl.build.assemble import Assembler, write_table
from vmdsl.build.clean import clean
from vmdsl.build.job import Job, problem_as_data, tell
from vmdsl.build.layers import Layers, seal
from vmdsl.build.system import make_devices, surroundings
from vmdsl.build.tree import BuildTree
from vmdsl.errors import BuildError, HostError, Problem, VmdslError
from vmdsl.language.operations import Operation
from vmdsl.plan.load import load


class Build:
    """One build under way, in the sandbox."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self.tree = BuildTree(job, job.workspace / "tree")
        self._layers = Layers(job.workspace / "layers", self.tree.path, job.log)
        self._devices = job.workspace / "dev"
        self._resolver = _host_resolver()
        self._number = 0
        filesystems = len(job.layout.filesystems)
        self._total = len(job.tree_operations) + filesystems + len(job.image_operations) + 2

    def run(self) -> None:
        """All three phases."""
        _mount_proc()
        make_devices(self.tree, self._devices)
        self._grow()
        self._assemble()

    def _grow(self) -> None:
        for operation in self._job.tree_operations:
            with self._working(operation), self._scratch(), self._layers.writing() as layer:
                skipped = operation.unless is not None and self.tree.truth_of(operation.unless)
                if not skipped:
                    with surroundings(self.tree, self._devices, self._resolver):
                        operation.apply(self.tree)
                seal(layer, self.tree.epoch)
        self._started("", "clean the tree")
        with self._layers.writing() as layer:
            self.tree.inside(clean)
            seal(layer, self.tree.epoch)

    def _assemble(self) -> None:
        with self._layers.reading():
            self._started("", "write the partition table")
            write_table(self._job, self.tree)
            assembler = Assembler(self._job, self.tree)
            for filesystem in self._job.layout.filesystems:
                with self._working(filesystem.filesystem), self._scratch():
                    assembler.make(filesystem)
            for operation in self._job.image_operations:
                with self._working(operation), self._scratch():
                    operation.apply(self)

    def write_at(self, offset: int, content: bytes) -> None:
        """Write bytes at an offset from the start of the disk, for image operations."""
        os.pwrite(self._job.image, content, offset)

    @contextmanager
    def _working(self, operation: Operation) -> Iterator[None]:
        """Tell what is under way; an error that has no place gets that of the operation."""
        self._started(operation.name, operation.summary())
        try:
            yield
        except VmdslError as error:
            placed = [p if p.where else operation.problem(p.what, p.hint) for p in error.problems]
            raise BuildError(*placed) from None
        except Exception as error:
            traceback.print_exc()  # into the log
            raise BuildError(operation.problem(f"{type(error).__name__}: {error}")) from error

    def _started(self, step: str, summary: str) -> None:
        self._number += 1
        tell(
            sys.stdout,
            "started",
            number=self._number,
            total=self._total,
            step=step,
            summary=summary,
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


def _mount_proc() -> None:
    done = programs.run(["mount", "-t", "proc", "proc", "/proc"])
    if not done.ok:
        raise HostError(
            Problem(
                what="the sandbox cannot have a /proc of its own",
                hint="this happens in containers that hide parts of /proc; vmdsl doctor says more",
            )
        )


def main() -> None:
    """Read the job, do it, and answer with events. The recipe's own operations come from it."""
    os.umask(0o022)
    header = pickle.load(sys.stdin.buffer)  # noqa: S301 (our own parent sends it)
    try:
        load(Path(header))
        job = pickle.load(sys.stdin.buffer)  # noqa: S301 (our own parent sends it)
        Build(job).run()
    except VmdslError as error:
        tell(
            sys.stdout,
            "failed",
            problems=[problem_as_data(p) for p in error.problems],
            code=type(error).exit_code,
        )
    else:
        tell(sys.stdout, "finished")


if __name__ == "__main__":
    main()
