"""Trying a small sandbox: what no setting says for certain, the kernel is asked."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from vmdsl import programs
from vmdsl.host.facts import Probe

NO_PROC = 51
NO_OVERLAY = 52

_PROC = f"mount -t proc proc /proc || exit {NO_PROC}"
# Paths are relative and taken as they are: root of a namespace may be unable to go
# through the directories above the cache.
_OVERLAY = f"""
mkdir lower upper work merged &&
mount -c -t overlay overlay -o userxattr,lowerdir=lower,upperdir=upper,workdir=work merged ||
    exit {NO_OVERLAY}
"""


def try_sandbox(cache: Path, *, whole_range: bool) -> Probe:
    """Mount /proc and an overlay in new namespaces, the overlay in the cache, which is made.

    `whole_range` maps the user's range of ids as a build does.
    """
    try:
        cache.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix="probe-", dir=cache))
    except OSError as error:
        code, output = _run(_PROC, Path("/"), whole_range=whole_range)
        return Probe(code=code, output=output, cache_error=error.strerror or str(error))
    try:
        code, output = _run(_PROC + _OVERLAY, place, whole_range=whole_range)
        return Probe(code=code, output=output, xattr_error=_try_xattr(place))
    finally:
        for inner in place.glob("work/*"):  # overlayfs makes it with no permission for anyone
            inner.chmod(0o700)
        shutil.rmtree(place, ignore_errors=True)


def _run(script: str, directory: Path, *, whole_range: bool) -> tuple[int, str]:
    auto = ("--map-auto",) if whole_range else ()
    unshare = ("unshare", "--user", "--map-root-user", *auto, "--mount", "--pid", "--fork")
    env = programs.environment({"LC_ALL": "C"})
    try:
        # Where there are no user namespaces, unshare --map-auto ends but its child waits
        # for ever (util-linux 2.38): find that out without it.
        done = programs.run(("unshare", "--user", "true"), env=env, timeout=20)
        if done.ok:
            argv = (*unshare, "--kill-child", "sh", "-c", script)
            done = programs.run(argv, env=env, cwd=directory, timeout=20)
    except FileNotFoundError:
        return 127, "there is no unshare"
    except subprocess.TimeoutExpired:
        return 124, "unshare hangs"
    return done.code, done.output.strip()


def _try_xattr(place: Path) -> str:
    try:
        os.setxattr(place, "user.overlay.probe", b"y")
    except OSError as error:
        return error.strerror or str(error)
    return ""
