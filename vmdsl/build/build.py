"""The way from a plan to an image, readable in one place."""

from __future__ import annotations

import fcntl
import json
import os
import pickle
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from vmdsl.build import sandbox
from vmdsl.build.archives import Archives
from vmdsl.build.forecast import describe, forecast, given_epoch, note_build
from vmdsl.build.job import CacheOptions, Job, problem_from_data, work_from_data
from vmdsl.build.keys import digest
from vmdsl.build.log import Log, keep_log, writing_log
from vmdsl.build.mask import Mask
from vmdsl.build.output import Output
from vmdsl.build.progress import Built, Listener
from vmdsl.build.secrets import read_secrets
from vmdsl.build.unchanged import is_unchanged, note_image
from vmdsl.build.upkeep import drop_old, syncing
from vmdsl.errors import BuildError, HostError, Problem
from vmdsl.plan.plan import Plan

_POLL = 0.1
_LAST_SECONDS = 5.0
#: Less free space than this, in bytes, and a disk is full.
_LITTLE = 2**20


def build(
    plan: Plan, *, output: Path, cache: Path, caching: CacheOptions, listener: Listener
) -> Built:
    """Build the image of `plan` at `output`; one that is there is replaced, but only on success.

    Raises UsageError, HostError or BuildError, and KeyboardInterrupt or SystemExit on a signal;
    then nothing is left but files in the cache, and a log beside the output when a step failed.
    """
    started = time.monotonic()
    secrets = read_secrets(plan.operations, plan.recipe.parent)
    mask = Mask(secrets.values())
    epoch = given_epoch()
    description = describe(plan, secrets, cache=cache, epoch=epoch)
    image = Output(output)
    try:
        if caching.use:
            archives = Archives(cache / "archives", caching, time.time())
            expected = forecast(description, cache=cache, archives=archives)
            if is_unchanged(image.path, description, expected, cache):
                return Built(image=image.path, log=None, seconds=time.monotonic() - started)
            note_build(description, cache)
        with syncing(cache), _workspace(cache) as workspace:
            with writing_log(cache, plan.name, mask, listener) as log:
                job = Job(
                    recipe=plan.recipe,
                    layout=plan.layout,
                    tree_operations=plan.tree_operations,
                    image_operations=plan.image_operations,
                    cache=cache,
                    caching=caching,
                    workspace=workspace,
                    image=image.file,
                    log=log.file,
                    epoch=epoch,
                    secrets=secrets,
                    start=digest(description.start),
                    inputs=tuple(digest(one) if one else None for one in description.operations),
                    cleaning=digest(description.cleaning),
                )
                answer = _run(job, log, listener)
            if answer["kind"] == "failed":
                full = [_full(place) for place in (cache, image.path.parent) if _is_full(place)]
                problems = [_masked(problem_from_data(p), mask) for p in answer["problems"]]
                kind = HostError if answer["code"] == HostError.exit_code else BuildError
                raise kind(*problems, *full, keep_log(log.path, image.path))
            image.publish(workspace)
            if caching.use:
                note_image(image.path, description, answer["tree"], cache)
                drop_old(cache, workspace / "trash")
    except BrokenPipeError:
        raise  # nobody listens
    except OSError as error:
        place = error.filename2 or error.filename or cache
        raise HostError(f"{place}: {error.strerror}; the build needs it") from None
    finally:
        image.close()
    return Built(image=image.path, log=log.path, seconds=time.monotonic() - started)


def _run(job: Job, log: Log, listener: Listener) -> dict[str, Any]:
    """Run the build in a sandbox; what it said last."""
    try:
        message = pickle.dumps(str(job.recipe)) + pickle.dumps(job)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise BuildError(
            Problem(
                what=f"an operation cannot be sent into the sandbox: {error}",
                hint="fields of operations hold data: no functions, locks or open files",
            )
        ) from None
    with _ended_by_signals():
        process = sandbox.start(
            [sys.executable, "-P", "-X", "utf8", "-m", "vmdsl.build.inner"],
            log=job.log,
            pass_fds=[job.image, job.log],
            without=[s.reference[0] for s in job.secrets if s.source == "environment"],
        )
        try:
            assert process.stdin is not None  # noqa: S101 (it is a pipe)
            try:
                process.stdin.write(message)
                process.stdin.close()
            except BrokenPipeError:
                pass  # it died: what follows says so
            answer = _follow(process, log, listener)
            with suppress(subprocess.TimeoutExpired):  # it ends by itself now
                process.wait(_LAST_SECONDS)
        finally:
            sandbox.end(process)
    if answer is None:
        what = "the build was killed from outside, or ran out of memory"
        raise BuildError(Problem(what=what, hint=f"its log is {log.path}"))
    return answer


def _follow(
    process: subprocess.Popen[bytes], log: Log, listener: Listener
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
                if event["kind"] != "started":
                    return dict(event)
                work = work_from_data(event)
                listener.started(replace(work, summary=log.mask.of(work.summary)))


@contextmanager
def _workspace(cache: Path) -> Iterator[Path]:
    """A directory of the build's own in the cache; those of builds that were killed are removed."""
    builds = cache / "builds"
    builds.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        with _locked(builds, wait=True):  # so that no build takes a new one for an old one
            for old in builds.iterdir():
                with _locked(old) as free:
                    if free:
                        sandbox.remove(old)
            workspace = Path(tempfile.mkdtemp(dir=builds))
            stack.enter_context(_locked(workspace))
            stack.callback(sandbox.remove, workspace)
        _inherit_nothing(workspace)
        yield workspace


def _inherit_nothing(directory: Path) -> None:
    """Drop what a directory has from the one that it is in, and would give the image's files."""
    directory.chmod(0o700)
    with suppress(OSError):  # it has none, or there are none here
        os.removexattr(directory, "system.posix_acl_default")


@contextmanager
def _locked(directory: Path, *, wait: bool = False) -> Iterator[bool]:
    """Hold a directory for this process; whether nobody else holds it."""
    try:
        file = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield False
        return
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(file)


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
