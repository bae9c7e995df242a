"""What is done to the cache beside a build: layers get safe on the disk, and old ones go."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vmdsl import programs
from vmdsl.builder.cache.cache_dir import CacheDir
from vmdsl.builder.cache.store import Store, mark_synced

#: By then, in seconds, the kernel has written most of it by itself.
_OLD = 60.0


@contextmanager
def syncing(cache: CacheDir) -> Iterator[None]:
    """Meanwhile, have the kernel write what earlier builds have made.

    Layers are written without waiting for the disk. Until they are known to be there, they don't
    survive the machine's end.
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
    """Take out what is too much; `trash` is a directory that is removed anyhow."""
    store = Store(cache)
    chosen = store.too_much()
    if chosen:
        trash.mkdir(exist_ok=True)
    for entry in chosen:
        store.take_out(entry, trash)
