"""Checks whether this machine can build images: every problem, each with its remedy."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from dataclasses import replace
from pathlib import Path

from vmdsl import programs
from vmdsl.errors import HostError
from vmdsl.host import identity, kernel, packages, storage
from vmdsl.host.facts import Facts, Helper, Result
from vmdsl.host.probe import try_sandbox

CHECKS = (
    packages.check_programs,
    packages.check_util_linux,
    identity.check_ids,
    identity.check_helpers,
    kernel.check_user_namespaces,
    kernel.check_proc,
    storage.check_cache,
    storage.check_space,
    packages.check_boot,
)


def check_host(cache: Path) -> tuple[Result, ...]:
    """Check everything about this machine. Creates the cache directory."""
    return decide(gather(cache, thorough=True))


def require_host(cache: Path) -> None:
    """Raise HostError with every problem that keeps this machine from building.

    Skips the slow checks, which only explain failures.
    """
    results = decide(gather(cache, thorough=False))
    if problems := [r.problem for r in results if r.problem and r.fatal]:
        raise HostError(*problems)


def decide(facts: Facts) -> tuple[Result, ...]:
    """Return the result of every check, in the order in which they are shown."""
    return tuple(check(facts) for check in CHECKS)


def gather(cache: Path, *, thorough: bool) -> Facts:
    """Gather the facts. `thorough` adds facts from slow programs, which only explain failures."""
    cache, uid = cache.resolve(), os.getuid()
    known = Facts(
        uid=uid,
        user=_user(uid),
        cache=cache,
        missing_programs=tuple(p for p in programs.PACKAGES if not programs.find(p)),
        missing_files=tuple(f for f in packages.FILES if not Path(f).exists()),
        helpers=_helpers(),
        subuid=_read("/etc/subuid"),
        subgid=_read("/etc/subgid"),
        uid_map=_read("/proc/self/uid_map"),
        gid_map=_read("/proc/self/gid_map"),
        status=_read("/proc/self/status"),
        mountinfo=_read("/proc/self/mountinfo"),
        sysctls={file: text for file in kernel.SYSCTLS if (text := _read(file))},
    )
    # Without a range of ids, the other problems can still be found.
    checks = (identity.check_ids, identity.check_helpers)
    has_range = identity.has_helpers(known) and not any(check(known).problem for check in checks)
    whole_range = uid != 0 and has_range
    probe = try_sandbox(cache, whole_range=whole_range)
    free = 0 if probe.cache_error else shutil.disk_usage(cache).free
    known = replace(known, probe=probe, free=free)
    if not thorough:
        return known
    names = (*packages.wanted("build"), *packages.wanted("boot"))
    return replace(known, missing_packages=packages.missing(names), util_linux=_util_linux())


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


def _helpers() -> tuple[Helper, ...]:
    paths = [path for name in identity.HELPERS if (path := programs.find(name))]
    return tuple(_helper(path) for path in paths)


def _helper(path: str) -> Helper:
    about = Path(path).stat()
    setuid = bool(about.st_mode & stat.S_ISUID) and about.st_uid == 0
    nosuid = bool(os.statvfs(path).f_flag & os.ST_NOSUID)
    capable = "security.capability" in os.listxattr(path)
    return Helper(path=path, privileged=setuid or capable, nosuid=nosuid)


def _util_linux() -> str:
    try:
        return programs.run(("unshare", "--version"), env=programs.bare_environment()).output
    except FileNotFoundError:
        return ""
