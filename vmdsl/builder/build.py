"""The way from a plan to an image, readable in one place."""

from __future__ import annotations

import json
import os
import pickle
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from vmdsl.builder.cache.archives import Archives
from vmdsl.builder.cache.cache_dir import CacheDir, CacheOptions
from vmdsl.builder.cache.failed_trees import Kept, take
from vmdsl.builder.cache.forecast import describe, forecast, given_epoch, note_build
from vmdsl.builder.cache.keys import digest
from vmdsl.builder.cache.unchanged import is_unchanged, note_image
from vmdsl.builder.cache.upkeep import drop_old, syncing
from vmdsl.builder.cache.workspace import own_workspace
from vmdsl.builder.image.output import Output
from vmdsl.builder.job import Job, OnError, problem_from_data, work_from_data
from vmdsl.builder.report.log import Log, beside, keep_log, writing_log
from vmdsl.builder.report.mask import Mask
from vmdsl.builder.report.progress import Built, Listener
from vmdsl.builder.report.timing import Stopwatch, as_text, cpu_seconds
from vmdsl.builder.sandbox import namespaces
from vmdsl.builder.sandbox.shells import attend
from vmdsl.builder.secrets import read_secrets
from vmdsl.builder.tree.failure import KEPT
from vmdsl.errors import BuildError, HostError, Problem, VmdslError
from vmdsl.plan.plan import Plan

_POLL = 0.1
_LAST_SECONDS = 5.0
#: Less free space than this, in bytes, and a disk is full.
_LITTLE = 2**20


def build(
    plan: Plan,
    *,
    output: Path,
    cache: CacheDir,
    caching: CacheOptions,
    listener: Listener,
    on_error: OnError = OnError.CLEAN,
    log: Path | None = None,
) -> Built:
    """Build the image of `plan` at `output`; one that is there is replaced, but only on success.

    A copy of the log goes to `log`; without it, beside the output when a step failed.

    Raises UsageError, HostError or BuildError, and KeyboardInterrupt or SystemExit on a signal;
    then nothing is left but files in the cache, and the log.
    What the listener has told of an error, with a shell, the exception does not say again.
    """
    plan.require_buildable()
    started = time.monotonic()
    watch = Stopwatch()
    watch.phase("preparation", cpu=0.0)  # what follows is the sandbox's
    secrets = read_secrets(plan.operations)
    mask = Mask(secrets.values())
    epoch = given_epoch()
    description = describe(plan, secrets, cache=cache, epoch=epoch)
    image = Output(output)
    try:
        if caching.use:
            archives = Archives(cache.archives, caching, time.time())
            expected = forecast(description, cache=cache, archives=archives)
            if is_unchanged(image.path, description, expected, cache):
                return Built(image=image.path, log=None, seconds=time.monotonic() - started)
            note_build(description, cache)
        with syncing(cache), own_workspace(cache) as workspace:
            with (
                writing_log(cache.logs, plan.name, mask, listener) as own,
                _console() as (ours, theirs),
            ):
                job = Job(
                    recipe=plan.recipe,
                    directory=plan.directory,
                    code=plan.code,
                    layout=plan.layout,
                    tree_operations=plan.tree_operations,
                    image_operations=plan.image_operations,
                    cache=cache,
                    caching=caching,
                    workspace=workspace,
                    image=image.file,
                    log=own.file,
                    epoch=epoch,
                    secrets=secrets,
                    start=digest(description.start),
                    inputs=tuple(digest(one) if one else None for one in description.operations),
                    cleaning=digest(description.cleaning),
                    stamps=description.stamps,
                    on_error=on_error,
                    console=theirs.fileno(),
                )
                ended = _run(job, ours, theirs, own, listener, watch=watch)
            if isinstance(ended, VmdslError):
                problems = list(ended.problems)
                problems += [_full(p) for p in (cache.path, image.path.parent) if _is_full(p)]
                if (workspace / KEPT).exists():
                    about = Kept(recipe=str(plan.recipe), problem=_in_short(problems[0]))
                    problems.append(take(workspace, cache, own.path.stem, about))
                raise type(ended)(*problems, keep_log(own.path, log or beside(image.path)))
            watch.phase("publishing", cpu=cpu_seconds())
            if log:
                keep_log(own.path, log)
            image.publish(workspace)
            if caching.use:
                note_image(image.path, description, ended["tree"], cache)
                drop_old(cache, workspace / "trash")
        watch.end(cpu=cpu_seconds())
    except BrokenPipeError:
        raise  # nobody listens
    except OSError as error:
        place = error.filename2 or error.filename or cache
        raise HostError(f"{place}: {error.strerror}; the build needs it") from None
    finally:
        image.close()
    seconds = time.monotonic() - started
    return Built(image=image.path, log=own.path, seconds=seconds, phases=tuple(watch.phases))


def _run(
    job: Job,
    ours: socket.socket,
    theirs: socket.socket,
    log: Log,
    listener: Listener,
    *,
    watch: Stopwatch,
) -> dict[str, Any] | VmdslError:
    """Run the build in a sandbox; what it said last, or how it failed, less what was shown."""
    try:
        message = pickle.dumps(job.code) + pickle.dumps(job)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise BuildError(
            Problem(
                what=f"an operation cannot be sent into the sandbox: {error}",
                hint="fields of operations hold data: no functions, locks or open files",
            )
        ) from None
    with _ended_by_signals():
        process = namespaces.start(
            [sys.executable, "-P", "-X", "utf8", "-m", "vmdsl.builder.inner"],
            log=job.log,
            pass_fds=[job.image, job.log, job.console],
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
            answer = _follow(process, log, listener, watch)
            failure = _failure(answer, log) if answer else None
            wanted = job.on_error is OnError.SHELL
            if failure and wanted and attend(ours, partial(listener.failed, failure)):
                failure = type(failure)()
            with suppress(subprocess.TimeoutExpired):  # it ends by itself now
                process.wait(_LAST_SECONDS)
        finally:
            namespaces.end(process)
    if answer is None:
        what = "the build was killed from outside, or ran out of memory"
        raise BuildError(Problem(what=what, hint=f"its log is {log.path}"))
    return failure or answer


def _failure(answer: Mapping[str, Any], log: Log) -> VmdslError | None:
    """The error that a build has ended with, if it was one."""
    if answer["kind"] != "failed":
        return None
    problems = [_masked(problem_from_data(p), log.mask) for p in answer["problems"]]
    kind = HostError if answer["code"] == HostError.exit_code else BuildError
    return kind(*problems)


def _follow(
    process: subprocess.Popen[bytes], log: Log, listener: Listener, watch: Stopwatch
) -> dict[str, Any] | None:
    """Pass on what the build says until it has ended; its last event, if that was a result."""
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
            for line in lines:
                event = json.loads(line)
                match event["kind"]:
                    case "phase":
                        watch.phase(event["name"], cpu=event["cpu"])
                    case "started":
                        work = work_from_data(event)
                        work = replace(work, summary=log.mask.of(work.summary))
                        watch.piece(work.step, work.summary, how=work.how, cpu=event["cpu"])
                        listener.started(work)
                    case "ran":
                        command = log.mask.of(event["command"])
                        watch.program(command, seconds=event["seconds"], cpu=event["used"])
                    case _:
                        watch.end(cpu=event["cpu"])
                        log.add(as_text(watch.phases))
                        return dict(event)


@contextmanager
def _console() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The two ends of the way on which a shell is offered."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def _in_short(problem: Problem) -> str:
    return str(replace(problem, where=None, hint=""))


def _masked(problem: Problem, mask: Mask) -> Problem:
    return replace(problem, what=mask.of(problem.what), hint=mask.of(problem.hint))


def _is_full(place: Path) -> bool:
    about = os.statvfs(place)
    return about.f_bavail * about.f_frsize < _LITTLE or bool(about.f_files and not about.f_favail)


def _full(place: Path) -> Problem:
    return Problem(what=f"there is no space left in {place}", hint="make room, or use another disk")


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
