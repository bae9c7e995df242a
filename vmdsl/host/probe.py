"""Tries a small sandbox, since no setting shows for certain what the kernel allows."""

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
# Paths are relative, and -c stops mount from resolving them: the namespace's root may be
# unable to traverse the directories above the cache.
_OVERLAY = f"""
mkdir lower upper work merged &&
mount -c -t overlay overlay -o userxattr,lowerdir=lower,upperdir=upper,workdir=work merged ||
    exit {NO_OVERLAY}
"""


def try_sandbox(cache: Path, *, whole_range: bool) -> Probe:
    """Mount /proc, and an overlay in the cache, in new namespaces. Creates the cache directory.

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
        for inner in place.glob("work/*"):  # overlayfs creates it with mode 0
            inner.chmod(0o700)
        shutil.rmtree(place, ignore_errors=True)


def _run(script: str, directory: Path, *, whole_range: bool) -> tuple[int, str]:
    auto = ("--map-auto",) if whole_range else ()
    unshare = ("unshare", "--user", "--map-root-user", *auto, "--mount", "--pid", "--fork")
    env = programs.bare_environment()
    try:
        # Without user namespaces, unshare --map-auto exits, but its child waits for ever
        # (util-linux 2.38): detect that without it.
        done = programs.run(("unshare", "--user", "true"), env=env, timeout=20)
        if done.ok:
            argv = (*unshare, "--kill-child", "sh", "-c", script)
            done = programs.run(argv, env=env, cwd=directory, timeout=20)
    except FileNotFoundError:
        return 127, "unshare is missing"
    except subprocess.TimeoutExpired:
        return 124, "unshare hangs"
    return done.code, done.output.strip()


def _try_xattr(place: Path) -> str:
    try:
        os.setxattr(place, "user.overlay.probe", b"y")
    except OSError as error:
        return error.strerror or str(error)
    return ""
