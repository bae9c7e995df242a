"""The layers that builds keep, each under the key of all that it came from.

    layers/KEY/tree        what one operation changed, as overlayfs has it
    layers/KEY/meta.json   a Layer
    seen/BASE              which states of archives an operation saw
    locks/BASE             held by the build that is making a layer

A layer gets its name when it is whole, by rename. Who uses one holds its directory (a shared
flock); who removes one takes it for itself first.
"""

from __future__ import annotations

import errno
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from vmdsl import programs
from vmdsl.builder.cache.archives import State
from vmdsl.builder.cache.cache_dir import CacheDir
from vmdsl.builder.cache.checksums import digest
from vmdsl.builder.cache.locks import hold, take_out

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
#: Layers are dropped, least recently used first, until they take no more than this, in bytes.
LIMIT = 10 * 2**30
#: The resolution of times in filesystems and floats, in nanoseconds.
_TICK = 1000
#: By then, in seconds, the kernel has written most of a layer by itself.
_OLD = 60.0


@dataclass(frozen=True, kw_only=True)
class Layer:
    """The metadata of a layer.

    `epoch` is what its operation set SOURCE_DATE_EPOCH to, if it did, `facts` are what it decided,
    by field. `boot` is the boot of the machine in which it was written, until it is known to be on
    the disk; it counts in that boot only. `size` is in bytes.
    """

    key: str
    summary: str
    step: str
    recipe: str
    size: int
    epoch: int | None = None
    facts: dict[str, bool] = field(default_factory=dict)
    boot: str | None = None


@cache
def boot_id() -> str:
    """Return the id of this boot of the machine."""
    return _BOOT_ID.read_text(encoding="ascii").strip()


def base_of(previous: str, inputs: str) -> str:
    """Return the key of an operation before it is known which archives it sees."""
    return digest([previous, inputs])


def key_of(base: str, seen: Sequence[State]) -> str:
    """Return the key of an operation's layer."""
    return digest([base, [one.hash for one in seen]])


class Store:
    """The layers in a cache directory. Those that are used stay locked until this process ends."""

    def __init__(self, cache: CacheDir) -> None:
        self._layers = cache.layers
        self._seen = cache.seen
        self._locks = cache.locks
        self._held: list[int] = []

    def place(self, layer: Layer) -> Path:
        """Return the directory of a layer's files."""
        return self._layers / layer.key / "tree"

    def find(self, key: str) -> Layer | None:
        """Return a layer, if it is there, complete, and sure to be on the disk."""
        layer = _read_layer(self._layers / key / "meta.json")
        return layer if layer and layer.boot in (None, boot_id()) else None

    def use(self, key: str) -> Layer | None:
        """Return a layer, if it is there, and lock it for as long as this process runs."""
        held = hold(self._layers / key, shared=True)
        if held is None:  # or it is being removed
            return None
        layer = self.find(key)
        if layer is None:
            os.close(held)
            return None
        self._held.append(held)
        return layer

    def keep(self, layer: Layer, tree: Path) -> Layer:
        """Move the directory `tree` into the store. Returns the layer, or one that is there."""
        entry = tree.with_name(f"{tree.name}.entry")
        entry.mkdir()
        tree.rename(entry / "tree")
        _write(entry / "meta.json", asdict(layer))
        self._layers.mkdir(mode=0o700, exist_ok=True)  # of programs that become another user
        place = self._layers / layer.key
        held = hold(entry, shared=True)  # who removes layers finds it in use from the start
        assert held is not None  # noqa: S101 (nobody else knows of it)
        self._held.append(held)
        try:
            entry.rename(place)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            if found := self.use(layer.key):
                return found
            # It does not count: it is broken, or was written before the machine went down.
            with suppress(FileNotFoundError):  # or it is just being removed
                place.rename(entry.with_name(f"{entry.name}.old"))
            entry.rename(place)
        return layer

    def seen(self, base: str) -> tuple[State, ...]:
        """Return which states of archives the operation saw when it last ran."""
        found = _read(self._seen / base)
        try:
            return tuple(State(**one) for one in found or ())
        except TypeError:  # of another version
            return ()

    def note_seen(self, base: str, seen: Sequence[State], scratch: Path) -> None:
        """Note which states an operation saw. The file is first written in `scratch`."""
        self._seen.mkdir(exist_ok=True)
        part = scratch / "seen"
        _write(part, [asdict(one) for one in seen])
        part.rename(self._seen / base)

    @contextmanager
    def making(self, base: str, wait: Callable[[], None]) -> Iterator[None]:
        """Be the only one who makes a layer. `wait` is called where another build makes it."""
        self._locks.mkdir(exist_ok=True)
        path = self._locks / base
        path.touch(mode=0o600)
        file = hold(path)
        if file is None:
            wait()
        while file is None:
            path.touch(mode=0o600)  # who had it may have removed it
            file = hold(path, wait=True)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
            os.close(file)

    def used(self, layers: Sequence[Layer]) -> None:
        """Note that layers were used now: the lower ones count as used later than those on top."""
        now = time.time_ns()
        for number, layer in enumerate(layers):
            with suppress(FileNotFoundError):
                os.utime(self._layers / layer.key / "meta.json", ns=(now, now - number * _TICK))

    def entries(self) -> list[tuple[Path, Layer | None, float]]:
        """Return every layer's directory, its metadata, and when it was last used."""
        found = []
        with suppress(FileNotFoundError):
            for entry in self._layers.iterdir():
                meta = entry / "meta.json"
                with suppress(FileNotFoundError):
                    used = meta.stat().st_mtime if meta.exists() else entry.stat().st_mtime
                    found.append((entry, _read_layer(meta), used))
        return found

    def too_much(self, limit: int = LIMIT) -> list[Path]:
        """Return the layers to remove so that `limit` bytes are left at most; broken ones too."""
        entries = sorted(self.entries(), key=lambda entry: entry[2], reverse=True)
        chosen, total = [], 0
        for path, layer, _ in entries:
            counts = layer is not None and layer.boot in (None, boot_id())
            total += layer.size if layer and counts else 0
            if not counts or total > limit:
                chosen.append(path)
        return chosen

    def unsynced(self, *, before: float) -> list[Path]:
        """Return the metadata of layers from before a time that may not be on the disk yet."""
        return [
            entry / "meta.json"
            for entry, layer, _ in self.entries()
            if layer and layer.boot == boot_id() and entry.stat().st_mtime < before
        ]


def mark_synced(meta: Path) -> None:
    """Note that a layer is on the disk, if it is still there."""
    layer = _read(meta)
    if isinstance(layer, dict):
        with suppress(OSError):
            about = meta.stat()
            part = meta.with_name(f"meta.{os.getpid()}")
            _write(part, {**layer, "boot": None})
            os.utime(part, ns=(about.st_atime_ns, about.st_mtime_ns))
            part.rename(meta)


@contextmanager
def syncing(cache: CacheDir) -> Iterator[None]:
    """Have the kernel write the layers of earlier builds to the disk meanwhile.

    Layers are written without waiting for the disk. Until they are known to be there, they don't
    survive a crash of the machine.
    """
    layers = Store(cache).unsynced(before=time.time() - _OLD)
    process = None
    if layers:
        process = programs.start(["sync", "--file-system", str(cache)], output=subprocess.DEVNULL)
    yield
    if process and process.poll() == 0:
        for layer in layers:
            mark_synced(layer)


def drop_old(cache: CacheDir, trash: Path) -> None:
    """Move layers that are too much to `trash`, a directory that will be removed."""
    store = Store(cache)
    chosen = store.too_much()
    if chosen:
        trash.mkdir(exist_ok=True)
    for entry in chosen:
        with suppress(OSError):  # it is there still
            take_out(entry, trash / entry.name)


def _read_layer(meta: Path) -> Layer | None:
    data = _read(meta)
    try:
        return Layer(**data) if isinstance(data, dict) else None
    except TypeError:  # of another version
        return None


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def _write(path: Path, data: object) -> None:
    path.write_text(json.dumps(data), encoding="utf-8")
