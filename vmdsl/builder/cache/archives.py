"""Package indexes that were fetched from archives, kept between builds.

`archives/<sha256 of what describes the sources>/` in the cache has `state.json`, and the index in
the directory that it names. Both are written under another name and renamed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from vmdsl.builder.cache.cache_dir import CacheOptions
from vmdsl.builder.cache.locks import hold
from vmdsl.errors import BuildError, Problem

#: How long an index is used, in seconds.
MOST_AGE = 24 * 60 * 60
_STATE = "state.json"
_RELEASE = re.compile(r"(.*_)(?:InRelease|Release|Release\.gpg)")


@dataclass(frozen=True, kw_only=True)
class State:
    """The state of archives at the time `seen`, in seconds since 1970. `name` is for people.

    `sources` is the sha256 of the text that describes them, `hash` that of their Release files.
    Without `sources` it is not about archives: it is what programs found out about the disk.
    """

    sources: str
    name: str
    hash: str
    seen: float


class Archives:
    """The indexes in `directory`, for one build, which was started at the time `started`.

    `answers` is a checksum of what its programs can find out about the disk.
    """

    def __init__(
        self, directory: Path, options: CacheOptions, started: float, answers: str = ""
    ) -> None:
        self._directory = directory
        self._options = options
        self._started = started
        self.answers = State(sources="", name="the disk", hash=answers, seen=0)

    def get(
        self, name: str, sources: str, fetch: Callable[[Path], None], scratch: Path
    ) -> tuple[State, Path]:
        """Return the state of the archives that `sources` describes, and the directory of an index.

        The directory is in `scratch`, and belongs to the caller. `fetch` fills an empty directory,
        where the last state is too old. Raises BuildError where the archives must not be asked, and
        what `fetch` raises.
        """
        key = hashlib.sha256(sources.encode()).hexdigest()
        place = self._directory / key
        with _locked(place):
            state = read_state(place)
            if state is None and self._options.offline:
                raise _never_seen(name)
            if state is None or not self._is_good(state):
                new = Path(tempfile.mkdtemp(prefix="index-", dir=scratch))
                new.chmod(0o755)
                fetch(new)
                state = State(sources=key, name=name, hash=_tidied(new), seen=time.time())
                _replace(place, state, new)
            own = Path(tempfile.mkdtemp(prefix="archive-", dir=scratch))
            own.chmod(0o755)
            _link(place / state.hash, own)
        return state, own

    def last(self, sources: str) -> State | None:
        """Return the last state that is known of the archives that `sources` describes."""
        return read_state(self._directory / hashlib.sha256(sources.encode()).hexdigest())

    def today(self, seen: Iterable[State]) -> tuple[State, ...]:
        """Return what was seen, with the answers about the disk as they are in this build."""
        return tuple(state if state.sources else self.answers for state in seen)

    def is_current(self, state: State) -> bool:
        """Return whether an operation that has seen this state would see it again."""
        return not self.why_not(state)

    def why_not(self, state: State) -> str:
        """Return why an operation that has seen this state must look again; empty if it needn't."""
        if not state.sources:
            return ""
        last = read_state(self._directory / state.sources)
        if last is None:
            return f"no state of the archive {state.name} is kept"
        if last.hash != state.hash:
            return f"the archive state of {state.name} changed"
        if not self._is_good(last):
            return f"the archive state of {state.name} must be looked up again"
        return ""

    def _is_good(self, state: State) -> bool:
        if self._options.offline:
            return True
        if self._options.refresh:
            return state.seen >= self._started  # this build has fetched it, or one beside it
        return is_recent(state)


def is_recent(state: State) -> bool:
    """Return whether a state is used without asking the archives."""
    return 0 <= time.time() - state.seen < MOST_AGE


def read_state(place: Path) -> State | None:
    """Return the state that is kept in a directory, if there is one that is complete."""
    try:
        state = State(**json.loads((place / _STATE).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return state if (place / state.hash).is_dir() else None


def _replace(place: Path, state: State, index: Path) -> None:
    """Keep a new index, and remove older ones."""
    kept = place / state.hash
    if not kept.exists():
        for file in index.iterdir():
            _sync(file)
        index.rename(kept)
    new = place / f"{_STATE}.new"
    new.write_text(json.dumps(asdict(state)), encoding="utf-8")
    _sync(new)
    new.rename(place / _STATE)
    for old in place.iterdir():
        if old.is_dir() and old != kept:
            shutil.rmtree(old)


def _tidied(index: Path) -> str:
    """Remove everything that is not a plain file from an index. Returns its hash.

    The hash covers the files that sign or list all others, so it is not computed over most of them.
    """
    for entry in list(os.scandir(index)):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        elif not entry.is_file(follow_symlinks=False) or entry.name == "lock":
            Path(entry.path).unlink()
    total = hashlib.sha256()
    for name in sorted(identifying(file.name for file in index.iterdir())):
        total.update(name.encode() + b"\0")
        total.update(hashlib.sha256((index / name).read_bytes()).digest())
    return total.hexdigest()


def identifying(names: Iterable[str]) -> set[str]:
    """Return the files of an index that distinguish one state from another.

    Release files have the checksums of all others of their archive; without one, all count.
    """
    names = set(names)
    found = {name: _RELEASE.fullmatch(name) for name in names}
    covered = tuple({release[1] for release in found.values() if release})
    return {name for name in names if found[name] or not name.startswith(covered)}


def _link(index: Path, own: Path) -> None:
    """Fill a directory with the files of an index, as hard links where that is possible."""
    for file in index.iterdir():
        try:
            os.link(file, own / file.name)
        except OSError:
            shutil.copy2(file, own)


def _sync(file: Path) -> None:
    with file.open("rb") as opened:
        os.fdatasync(opened.fileno())


def _never_seen(name: str) -> BuildError:
    what = f"no index of {name} with these sources is in the cache, and --offline fetches none"
    return BuildError(Problem(what=what, hint="build once without --offline", code="offline"))


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    """Make a directory and lock it, or wait until nobody else has locked it."""
    place.mkdir(parents=True, exist_ok=True)
    while (file := hold(place, wait=True)) is None:  # somebody has removed it meanwhile
        place.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        os.close(file)
