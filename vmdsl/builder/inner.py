"""The build in the sandbox, whose first process this is: grow the tree, and assemble the image."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Mapping
from typing import IO

from vmdsl import programs
from vmdsl.builder.assemble import Assembler
from vmdsl.builder.cache.tools import key_of_parts
from vmdsl.builder.events import Events, in_a_sentence
from vmdsl.builder.grow import Growth
from vmdsl.builder.job import Job, OnError
from vmdsl.builder.tree.failure import copy_tree
from vmdsl.errors import BuildError, VmdslError
from vmdsl.plan.load import load


def main() -> None:
    """Read the job, do it, and answer with events."""
    os.umask(0o022)
    growth = None
    with _take_stdout() as stream:
        events = Events(stream)
        programs.observers.append(events.ran)
        try:
            job = _read_job()
            events.total = job.pieces_of_work
            growth = Growth(job, events)
            events.succeeded(*_build(job, growth, events))
        except VmdslError as error:
            events.failed(error)
        except Exception as error:  # noqa: BLE001 (nobody else would report it)
            events.failed(BuildError(in_a_sentence(error), code="build-failed"))
        else:
            return
        if growth is not None:
            growth.offer_shell()


def _build(job: Job, growth: Growth, events: Events) -> tuple[str, Mapping[str, str]]:
    """Grow the tree and assemble the image.

    Returns the key of both, or "" if not known; and the checksums of what was encrypted.
    """
    try:
        events.phase("tree")
        key = growth.run()
        events.phase("assembly")
        with growth.complete() as tree:
            assembler = Assembler(job, tree, events)
            assembler.run()
    except VmdslError as error:
        if job.on_error is OnError.KEEP:
            error.problems = (*error.problems, *copy_tree(growth.tree, job.failed_tree))
        raise
    return key_of_parts(key, growth.tools.key), assembler.encrypted


def _read_job() -> Job:
    """Read the job from standard input, and load the recipe, whose own operations it may have."""
    if code := pickle.load(sys.stdin.buffer):  # noqa: S301 (our own parent sends it)
        load(code)
    job: Job = pickle.load(sys.stdin.buffer)  # noqa: S301
    return job


def _take_stdout() -> IO[str]:
    """Keep standard output for events; what a recipe's own code prints goes to the log."""
    events = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return events


if __name__ == "__main__":
    main()
