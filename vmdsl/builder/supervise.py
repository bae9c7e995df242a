"""The build as it is seen from outside: start the sandbox, follow what it reports, end it."""

from __future__ import annotations

import os
import pickle
import selectors
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from types import FrameType

from vmdsl.builder.events import Failed, PhaseBegan, ProgramEnded, Succeeded, WorkBegan, from_line
from vmdsl.builder.job import Job, OnError
from vmdsl.builder.report.log import Log
from vmdsl.builder.report.mask import Mask
from vmdsl.builder.report.progress import Listener
from vmdsl.builder.report.timing import Stopwatch, as_text
from vmdsl.builder.sandbox import namespaces
from vmdsl.builder.sandbox.shells import attend
from vmdsl.errors import BuildError, HostError, Problem, VmdslError

_POLL = 0.1
_LAST_SECONDS = 5.0


def run_in_sandbox(
    job: Job, log: Log, listener: Listener, watch: Stopwatch
) -> Succeeded | VmdslError:
    """Run a build in a sandbox. Returns how it succeeded, or the error that ended it.

    The error lacks the problems that the listener has got.
    Raises BuildError where the build does not end by itself.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs, _ended_by_signals():
        message = _message(replace(job, console=theirs.fileno()))
        process = namespaces.start_python(
            "vmdsl.builder.inner",
            log=job.log,
            pass_fds=[job.image, job.output, job.log, theirs.fileno()],
            network=not job.caching.offline,
            without=[s.reference[0] for s in job.secrets if s.source == "environment"],
        )
        try:
            theirs.close()  # so that its end is seen
            assert process.stdin is not None  # noqa: S101 (it is a pipe)
            try:
                process.stdin.write(message)
                process.stdin.close()
            except BrokenPipeError:
                pass  # it died: what follows says so
            last = _follow(process, log, listener, watch)
            ended = _ended(last, log)
            if (
                isinstance(ended, VmdslError)
                and job.on_error is OnError.SHELL
                and attend(ours, partial(listener.failed, ended))
            ):
                ended = type(ended)()
            with suppress(subprocess.TimeoutExpired):  # it ends by itself now
                process.wait(_LAST_SECONDS)
        finally:
            namespaces.end(process)
    return ended


def _message(job: Job) -> bytes:
    """Return what the sandbox reads. The recipe comes first, as the job may have its operations."""
    try:
        return pickle.dumps(job.code) + pickle.dumps(job)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise BuildError(
            Problem(
                what=f"an operation cannot be sent into the sandbox: {error}",
                hint="fields of operations hold data: no functions, locks or open files",
                code="operation",
            )
        ) from None


def _follow(
    process: subprocess.Popen[bytes], log: Log, listener: Listener, watch: Stopwatch
) -> Failed | Succeeded | None:
    """Pass on what the build reports until it has ended. Returns its last event, if it sent one."""
    assert process.stdout is not None  # noqa: S101 (it is a pipe)
    stream = process.stdout.fileno()
    os.set_blocking(stream, False)
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            ready = selector.select(_POLL)
            data = os.read(stream, 65536) if ready else None
            log.follow()
            if data == b"":
                return None
            *lines, pending = (pending + (data or b"")).split(b"\n")
            for event in map(from_line, lines):
                match event:
                    case PhaseBegan():
                        watch.phase(event.name, cpu=event.cpu)
                    case WorkBegan():
                        work = replace(event.work, summary=log.mask.of(event.work.summary))
                        watch.piece(work.step, work.summary, how=work.how, cpu=event.cpu)
                        listener.started(work)
                    case ProgramEnded():
                        command = log.mask.of(event.command)
                        watch.program(
                            command, seconds=event.seconds, cpu=event.cpu, emulated=event.emulated
                        )
                    case _:
                        watch.end(cpu=event.cpu)
                        log.add(as_text(watch.phases))
                        return event


def _ended(last: Failed | Succeeded | None, log: Log) -> Succeeded | VmdslError:
    """Return how a build has succeeded, or the error that it has ended with."""
    if last is None:
        what = "the build was killed from outside, or ran out of memory"
        raise BuildError(Problem(what=what, hint=f"its log is {log.path}", code="build-failed"))
    if isinstance(last, Succeeded):
        return last
    kind = HostError if last.code == HostError.exit_code else BuildError
    return kind(*(_masked(problem, log.mask) for problem in last.problems))


def _masked(problem: Problem, mask: Mask) -> Problem:
    masked = mask.of(problem.hint)
    hint = problem.hint if masked == problem.hint else masked  # which may have code
    return replace(problem, what=mask.of(problem.what), hint=hint)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let SIGTERM end the build as SIGINT does, so that it cleans up."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
