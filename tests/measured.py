"""A plugin of coverage.py, for each process of the tests in which Python runs.

It counts the code of the checkout that the process belongs to. And it saves what children of a
build have run, which end by `os._exit`; some have the tree as their root, where no data belongs.
There are many that run the same lines: those that another has saved are not saved again.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from mmap import mmap
from pathlib import Path
from typing import Never

from coverage import Coverage, CoveragePlugin
from coverage.plugin_support import Plugins
from coverage.types import TConfigurable, TTraceData

_TOP = str(Path(__file__).parents[1])
_LAST_STREAM = 2
_CODE = [f"{_TOP}/{folder}/*" for folder in ("vmdsl", "stdlib")]


class _Code(CoveragePlugin):
    def configure(self, config: TConfigurable) -> None:
        config.set_option("run:include", _CODE)


def coverage_init(registry: Plugins, _: object) -> None:
    """Set up coverage.py, which calls this when it starts in a process."""
    registry.add_configurer(_Code())
    leave = os._exit
    with _streams_stay_closed():
        root, saved = os.open("/", os.O_PATH | os.O_CLOEXEC), _saved()

    def save_and_leave(status: int) -> Never:
        with suppress(Exception):
            places = {
                zlib.crc32(f"{file.removeprefix(_TOP)}:{line}".encode()) % len(saved)
                for file, lines in _run().items()
                for line in lines
            }
            if not all(saved[place] for place in places):
                if not os.path.samestat(Path("/").stat(), os.fstat(root)):
                    os.fchdir(root)
                    os.chroot(".")
                if measured := Coverage.current():
                    measured.save()
                for place in places:
                    saved[place] = 1
        leave(status)

    def begin() -> None:
        os._exit = save_and_leave
        for lines in _run().values():  # which the parent saves
            lines.clear()

    os.register_at_fork(after_in_child=begin)


@contextmanager
def _streams_stay_closed() -> Iterator[None]:
    """Keep what is opened meanwhile from the numbers of standard streams, which may be closed."""
    kept = [-1]
    while kept[-1] <= _LAST_STREAM:
        kept.append(os.open("/", os.O_PATH | os.O_CLOEXEC))
    try:
        yield
    finally:
        for number in kept[1:]:
            os.close(number)


def _saved() -> mmap:
    """Open what all processes share: a byte for a line, by its checksum.

    It is a file beside the data; where it is missing, the processes of a build share memory.
    """
    file = Path(os.environ.get("COVERAGE_FILE", ".coverage")).with_name("saved")
    with suppress(OSError), file.open("r+b") as stream:
        return mmap(stream.fileno(), 0)
    return mmap(-1, 2**20)


def _run() -> TTraceData:
    """The lines that this process has run, by file."""
    measured = Coverage.current()
    return measured._collector.data if measured and measured._collector else {}
