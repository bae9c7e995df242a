"""How much memory and disk a program takes while it runs."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_EVERY = 0.02
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)


@dataclass
class Watched:
    """What was seen, in bytes: the largest of vmdsl's own processes, and the disk's growth."""

    memory: int = 0
    disk: int = 0


@contextmanager
def watching(environment: Path, place: Path) -> Iterator[Watched]:
    """Look at what a virtual environment's vmdsl runs, and at a filesystem, again and again."""
    seen = Watched()
    before = _used(place)
    done = threading.Event()

    def look() -> None:
        while not done.wait(_EVERY):
            seen.memory = max(seen.memory, *map(peak_memory, own_processes(environment)), 0)
            seen.disk = max(seen.disk, _used(place) - before)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def own_processes(environment: Path) -> list[Path]:
    """The processes, in /proc, of vmdsl's own Python."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            with suppress(OSError):
                words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
                if is_own(words, environment):
                    found.append(process)
    return found


def is_own(words: list[str], environment: Path) -> bool:
    """Whether a command line is that of vmdsl's own code; mypy is somebody else's."""
    return words[0].startswith(f"{environment}/bin/python") and "mypy" not in words


def peak_memory(process: Path) -> int:
    """The most memory that a process has had, in bytes; 0 when it has ended."""
    with suppress(OSError):
        found = _PEAK.search((process / "status").read_text(encoding="utf-8"))
        return int(found[1]) * 1024 if found else 0
    return 0


def _used(place: Path) -> int:
    about = os.statvfs(place)
    return (about.f_blocks - about.f_bfree) * about.f_frsize


def clock() -> float:
    """Seconds, when all that was written before is on the disk."""
    os.sync()
    return time.monotonic()
