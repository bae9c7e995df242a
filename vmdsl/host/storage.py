"""Checks of the cache directory."""

from __future__ import annotations

from vmdsl.errors import Problem, Where
from vmdsl.host.facts import Facts, Result
from vmdsl.host.full import says_full
from vmdsl.host.mounts import kind_at
from vmdsl.host.probe import NO_OVERLAY

ENOUGH = 5 << 30
_ROOM = "Make room, or set VMDSL_CACHE or --cache-dir to a directory on another disk."
_ELSEWHERE = "Set VMDSL_CACHE or --cache-dir to a directory on ext4, xfs or btrfs (or a volume)."


def check_cache(facts: Facts) -> Result:
    """Check that the cache's file system can hold layers."""
    name, where, probe = "cache", Where(facts.cache), facts.probe
    kind = kind_at(facts.cache, facts.mountinfo) or "unknown"
    if probe.cache_error:
        what = f"The cache can't be written to: {probe.cache_error}."
        full = says_full(probe.cache_error)
        hint = _ROOM if full else "Set VMDSL_CACHE or --cache-dir to a directory of your own."
        return Result(name=name, problem=Problem(what=what, where=where, hint=hint, code="cache"))
    if kind == "overlay":
        what = "The cache is on overlayfs, as in a container, and can't hold layers."
        return Result(
            name=name, problem=Problem(what=what, where=where, hint=_ELSEWHERE, code="cache")
        )
    if probe.xattr_error:
        what = f"The cache's file system, {kind}, has no user xattrs: {probe.xattr_error}."
        return Result(
            name=name, problem=Problem(what=what, where=where, hint=_ELSEWHERE, code="cache")
        )
    if probe.code == NO_OVERLAY:
        what = f"The cache's file system, {kind}, can't hold layers: {probe.output}"
        hint = _ROOM if says_full(probe.output) else _ELSEWHERE
        if "unknown filesystem type" in probe.output:
            hint = "This kernel has no overlayfs. As root: modprobe overlay"
        return Result(name=name, problem=Problem(what=what, where=where, hint=hint, code="cache"))
    return Result(name=name, detail=f"{facts.cache} ({kind})")


def check_space(facts: Facts) -> Result:
    """Check the free space. Too little is only a warning, as small images need less."""
    free = f"{facts.free / (1 << 30):.1f} GiB free"
    if facts.probe.cache_error or facts.free >= ENOUGH:
        return Result(name="space", detail=free, fatal=False)
    what = f"Only {free}; the layers of some builds need {ENOUGH >> 30} GiB."
    problem = Problem(what=what, where=Where(facts.cache), hint=_ELSEWHERE, code="disk-full")
    return Result(name="space", detail=free, problem=problem, fatal=False)
