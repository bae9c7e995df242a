"""The contents of a cache, and their removal. Nothing that a running build uses is removed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from vmdsl.builder.cache.archives import read_state
from vmdsl.builder.cache.cache_dir import CacheDir
from vmdsl.builder.cache.failed_trees import read_about
from vmdsl.builder.cache.locks import take_out
from vmdsl.builder.cache.store import Store
from vmdsl.builder.cache.workspace import own_workspace, unreachable
from vmdsl.builder.sandbox import namespaces


class Kind(StrEnum):
    """A kind of entry in a cache, as users see it."""

    LAYER = "layers"
    TOOLS = "tools for disks"
    PACKAGE = "packages"
    ARCHIVE = "archive indexes"
    FAILED_TREE = "kept trees"
    LOG = "logs"
    MYPY = "mypy's cache"
    NOTE = "notes"
    BUILD = "unfinished builds"


#: What builds would make or fetch again, and so can be dropped for the room.
_SPARE = (Kind.LAYER, Kind.TOOLS, Kind.PACKAGE, Kind.ARCHIVE, Kind.LOG)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An entry of a cache. `size` is its disk usage in bytes, `used` the time of its last use.

    No build can use a broken entry.
    """

    kind: Kind
    path: Path
    used: float
    about: str = ""
    is_broken: bool = False
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class Removed:
    """The entries that were removed, those `in_use` by a build, and all that are left."""

    removed: tuple[Entry, ...]
    in_use: tuple[Entry, ...]
    left: tuple[Entry, ...]


def inventory(cache: CacheDir) -> list[Entry]:
    """Return all entries of a cache, which may be missing.

    Files that several entries share count once. Raises HostError if the cache cannot be read.
    """
    try:
        found = [*_layers(cache), *_others(cache)]
    except OSError as error:
        raise unreachable(cache, error, "read") from None
    sizes = _sizes([entry.path for entry in found])
    return [replace(entry, size=sizes.get(entry.path, 0)) for entry in found]


def prune(cache: CacheDir, limit: int | None) -> Removed:
    """Remove broken entries, the remains of killed builds, and more layers than builds leave.

    With a limit, in bytes, then those that were not used for longest, until no more is left in all,
    or nothing but failed trees, notes and what is in use.
    """
    entries = inventory(cache)
    too_much = set(Store(cache).too_much()) if entries else set()
    useless = [entry for entry in entries if entry.is_broken or entry.path in too_much]
    spare = [entry for entry in entries if entry.kind in _SPARE and entry not in useless]
    by_age = sorted(spare, key=lambda entry: entry.used) if limit is not None else []
    return _remove(cache, entries, useless, by_age, limit or 0)


def clear(cache: CacheDir) -> Removed:
    """Remove everything."""
    entries = inventory(cache)
    return _remove(cache, entries, entries, [], 0)


def _remove(
    cache: CacheDir,
    entries: Sequence[Entry],
    first: Sequence[Entry],
    then: Sequence[Entry],
    limit: int,
) -> Removed:
    """Remove the `first` entries, and those of `then` until at most `limit` bytes are left."""
    if not entries:
        return Removed(removed=(), in_use=(), left=())
    removed, in_use = [], []
    try:
        with own_workspace(cache) as workspace:
            left = [entry for entry in entries if os.path.lexists(entry.path)]
            removed += [entry for entry in entries if entry not in left]  # of killed builds
            total = sum(entry.size for entry in left)
            for number, entry in enumerate([*first, *then]):
                if entry not in left or (number >= len(first) and total <= limit):
                    continue
                if take_out(entry.path, workspace / f"{number}"):
                    removed.append(entry)
                    left.remove(entry)
                    total -= entry.size
                else:
                    in_use.append(entry)
    except OSError as error:
        raise unreachable(cache, error, "changed") from None
    return Removed(removed=tuple(removed), in_use=tuple(in_use), left=tuple(left))


def _layers(cache: CacheDir) -> Iterator[Entry]:
    store = Store(cache)
    for path, layer, used in store.entries():
        about = ""
        if layer:
            step = f" {layer.step}:" if layer.step else ""
            about = f"{Path(layer.recipe).name}{step} {layer.summary}".lstrip()
        is_broken = store.find(path.name) is None
        kind = Kind.TOOLS if layer and not layer.recipe else Kind.LAYER
        yield Entry(kind=kind, path=path, used=used, about=about, is_broken=is_broken)


def _others(cache: CacheDir) -> Iterator[Entry]:
    directories = (
        (cache.builds, Kind.BUILD),
        (cache.debs, Kind.PACKAGE),
        (cache.archives, Kind.ARCHIVE),
        (cache.failed_trees, Kind.FAILED_TREE),
        (cache.logs, Kind.LOG),
        (cache.seen, Kind.NOTE),
        (cache.recipes, Kind.NOTE),
        (cache.images, Kind.NOTE),
        (cache.kvm, Kind.NOTE),
        (cache.locks, Kind.NOTE),
    )
    found = [(cache.mypy, Kind.MYPY), (cache.salt, Kind.NOTE)]
    for directory, kind in directories:
        with suppress(FileNotFoundError):
            found += [(path, kind) for path in directory.iterdir()]
    for path, kind in sorted(found):
        with suppress(FileNotFoundError):  # it has just been removed
            used, about, is_broken = _describe(path, kind)
            yield Entry(kind=kind, path=path, used=used, about=about, is_broken=is_broken)


def _describe(path: Path, kind: Kind) -> tuple[float, str, bool]:
    """Return when an entry was last used, a description of it, and whether it is broken."""
    used = path.lstat().st_mtime
    if kind is Kind.ARCHIVE:
        state = read_state(path)
        return (state.seen, state.name, False) if state else (used, "", True)
    if kind is Kind.FAILED_TREE:
        kept = read_about(path)
        return used, f"{Path(kept.recipe).name}: {kept.problem}" if kept else "", False
    return used, "", False


def _sizes(paths: Sequence[Path]) -> dict[Path, int]:
    """Return the size of each on disk, in bytes. Only root of a sandbox can look everywhere."""
    if not paths:
        return {}
    process = namespaces.start(
        ["du", "--summarize", "--block-size=1", "--null", "--files0-from=-"], log=subprocess.DEVNULL
    )
    output, _ = process.communicate(b"\0".join(os.fsencode(path) for path in paths))
    lines = (line.partition(b"\t") for line in output.split(b"\0") if line)
    return {Path(os.fsdecode(name)): int(size) for size, _, name in lines}
