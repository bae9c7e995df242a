"""The way from a plan to an image, readable in one place."""

from __future__ import annotations

import resource
import time
from dataclasses import replace
from pathlib import Path

from vmdsl.builder.cache.cache_dir import CacheDir, CacheOptions
from vmdsl.builder.cache.checksums import digest
from vmdsl.builder.cache.failed_trees import FailedTree, keep_tree
from vmdsl.builder.cache.forecast import (
    Description,
    archives_of,
    describe,
    forecast,
    given_epoch,
    is_unchanged,
    note_build,
    note_image,
)
from vmdsl.builder.cache.store import drop_old, syncing
from vmdsl.builder.cache.tools import Tools
from vmdsl.builder.cache.workspace import own_workspace
from vmdsl.builder.image.output import Output
from vmdsl.builder.job import Job, OnError
from vmdsl.builder.report.log import beside, keep_log, writing_log
from vmdsl.builder.report.mask import Mask
from vmdsl.builder.report.progress import Built, Listener
from vmdsl.builder.report.timing import Stopwatch, cpu_seconds
from vmdsl.builder.secrets import read_secrets
from vmdsl.builder.supervise import run_in_sandbox
from vmdsl.builder.tree.owners import require_owners
from vmdsl.errors import Hint, HostError, Problem, VmdslError
from vmdsl.host.full import blamed, error_of_disk, full_disks, full_meanwhile, is_full
from vmdsl.language.operation import problem_in
from vmdsl.plan.plan import Plan
from vmdsl.programs import apt_get_install, find
from vmdsl.values import Size


def build(
    plan: Plan,
    *,
    output: Path,
    cache: CacheDir,
    caching: CacheOptions,
    listener: Listener,
    on_error: OnError = OnError.CLEAN,
    log: Path | None = None,
    temporary_for: Path | None = None,
    host_tools: bool = False,
) -> Built:
    """Build the image of `plan` at `output`; one that is there is replaced, but only on success.

    A copy of the log goes to `log`; without it, beside the output when a step failed. If the output
    is temporary, no later build looks for it, and that copy is beside `temporary_for`. With
    `host_tools`, programs of this machine make the disk.

    Raises UsageError, HostError or BuildError, and KeyboardInterrupt or SystemExit on a signal;
    then nothing is left but files in the cache, and the log. The exception lacks the problems that
    the listener has shown with a shell.
    """
    plan.require_buildable()
    started = time.monotonic()
    watch = Stopwatch()
    watch.phase("preparation", cpu=0.0)  # what follows is the sandbox's
    require_owners(plan.tree_operations)
    secrets = read_secrets(plan.operations)
    mask = Mask(secrets.values())
    epoch = given_epoch()
    description = describe(plan, secrets, cache=cache, epoch=epoch, host_tools=host_tools)
    image = Output(output)
    try:
        _require_of_machine(plan, image, description.tools)
        if caching.use:
            archives = archives_of(plan, cache, caching)
            expected = forecast(description, cache=cache, archives=archives)
            if is_unchanged(image.path, description, expected, cache, image.format.programs):
                return Built(image=image.path, log=None, seconds=time.monotonic() - started)
            note_build(description, cache)
        with syncing(cache), own_workspace(cache) as workspace:
            with writing_log(cache.logs, plan.name, mask, listener) as own:
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
                    image=image.raw,
                    output=image.file,
                    convert=image.format.convert or (),
                    log=own.file,
                    epoch=epoch,
                    secrets=secrets,
                    start=digest(description.start),
                    inputs=tuple(digest(one) if one else None for one in description.operations),
                    cleaning=digest(description.cleaning),
                    stamps=description.stamps,
                    tools=description.tools,
                    on_error=on_error,
                )
                ended = run_in_sandbox(job, own, listener, watch)
            if isinstance(ended, VmdslError):
                full = full_disks((cache.path, image.path.parent))
                kept = keep_log(own.path, log or beside(temporary_for or image.path))
                if blame := blamed(ended, full):
                    raise HostError(
                        *(replace(p, hint=Hint.of_lines((p.hint, kept.what))) for p in blame)
                    )
                doubts = full or full_meanwhile(ended, cache.path)
                problems = [*ended.problems, *doubts, *_failed_tree(ended, job, own.path)]
                raise type(ended)(*problems, kept)
            watch.phase("publishing", cpu=cpu_seconds())
            if log:
                keep_log(own.path, log)
            image.publish(workspace)
            if caching.use:
                _note_image(image, description, ended.key, cache, is_temporary=bool(temporary_for))
                drop_old(cache, workspace / "trash")
        watch.end(cpu=cpu_seconds())
    except BrokenPipeError:
        raise  # nobody listens
    except OSError as error:
        if is_full(error):
            raise error_of_disk(error, cache.path) from None
        place = error.filename2 or error.filename or cache
        raise HostError(
            f"{place}: {error.strerror}; the build needs it", code="build-machine"
        ) from None
    finally:
        image.close()
    seconds = time.monotonic() - started
    return Built(
        image=image.path,
        log=own.path,
        seconds=seconds,
        phases=tuple(watch.phases),
        encrypted=ended.encrypted,
    )


def _require_of_machine(plan: Plan, image: Output, tools: Tools) -> None:
    """Raise HostError if this machine has no place for the image, or lacks what is to make it."""
    missing = {} if tools.archives else tools.programs
    missing = {name: package for name, package in missing.items() if not find(name)}
    if missing:
        what = f"this machine has no {' and no '.join(missing)}, which --host-tools needs"
        hint = apt_get_install(missing.values())
        raise HostError(problem_in(plan.layout.disk, what, hint, code="missing-program"))
    if not image.can_hold(plan.layout.size):
        what = f"no file in {image.path.parent} can have {Size(plan.layout.size)}, as the image has"
        hint = "write it to another filesystem, by --output (by --cache-dir, if that is a disk)"
        if 0 <= resource.getrlimit(resource.RLIMIT_FSIZE)[0] < plan.layout.size:
            hint = "raise the limit that `ulimit -f` shows"
        raise HostError(problem_in(plan.layout.disk, what, hint, code="image-place"))


def _note_image(
    image: Output, description: Description, parts: str, cache: CacheDir, *, is_temporary: bool
) -> None:
    """Write down what an image was made from, unless it is removed soon."""
    if not is_temporary:
        note_image(image.path, description, parts, cache, image.format.programs)


def _failed_tree(error: VmdslError, job: Job, log: Path) -> list[Problem]:
    """Return where the tree of the failed operation is, if it was kept."""
    if not job.failed_tree.exists():
        return []
    problem = str(replace(error.problems[0], where=None, hint=""))
    about = FailedTree(recipe=str(job.recipe), problem=problem)
    return [keep_tree(job.failed_tree, job.cache, log.stem, about)]
