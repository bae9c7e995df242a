"""Git revisions of recipes, each in a worktree of its own for as long as it is read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from vmdsl import programs
from vmdsl.errors import HostError, Problem, UsageError

#: What git tells its hooks about the repository: a worktree has its own.
_OF_HOOKS = frozenset(
    {"GIT_COMMON_DIR", "GIT_DIR", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_WORK_TREE"}
)


@contextmanager
def checked_out(revision: str, path: str) -> Iterator[Path]:
    """Yield a file of a revision, with everything beside it, in a temporary worktree.

    `path` is as git has it: from the top of the repository, or from the current directory if it
    begins with a dot. Raises UsageError if there is no such file.
    """
    top = Path(_git("rev-parse", "--show-toplevel").rstrip("\n"))
    found = _run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if not found.ok:
        raise UsageError(f"git knows no revision {revision}", code="revision")
    place = Path(os.path.relpath(path, top)) if path.startswith(".") else Path(path)
    if place.is_absolute() or ".." in place.parts:
        raise UsageError(f"{path} is not in the repository {top}", code="revision")
    with TemporaryDirectory(prefix="vmdsl-revision-") as folder:
        tree = Path(folder, "tree")
        try:
            # No hook runs: it might change files, and its output is of no interest.
            hooks = ("-c", "core.hooksPath=/dev/null")
            _git(*hooks, "worktree", "add", "--quiet", "--detach", str(tree), found.output.strip())
            if not (tree / place).is_file():
                hint = f"from here: {revision}:./{path}" if Path(path).is_file() else ""
                raise UsageError(
                    Problem(what=f"{revision} has no file {place}", hint=hint, code="revision")
                )
            yield tree / place
        finally:
            _run("worktree", "remove", "--force", str(tree))


def _git(*words: str) -> str:
    """Run git, and return what it prints. Raises UsageError if it fails."""
    done = _run(*words)
    if not done.ok:
        said = done.output.strip().splitlines() or [f"it exited with {done.code}"]
        raise UsageError(Problem(what=f"git: {said[-1].removeprefix('fatal: ')}", code="revision"))
    return done.output


def _run(*words: str) -> programs.Finished:
    env = {k: v for k, v in programs.environment().items() if k not in _OF_HOOKS}
    command: Sequence[str] = ("git", *words)
    try:
        return programs.run(command, env={**env, "LC_ALL": "C"})
    except FileNotFoundError:
        what = "a revision needs git, which is missing"
        raise HostError(
            Problem(what=what, hint=programs.how_to_get("git", "git"), code="missing-program")
        ) from None
