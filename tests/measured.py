"""A plugin of coverage.py, for each process of the tests in which Python runs.

It counts the code of the checkout that the process belongs to. And it saves what children of a
build have run, which end by `os._exit`; some have the tree as their root, where no data belongs.
There are many that run the same lines: those that another has saved are not saved again.
"""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from mmap import mmap
from pathlib import Path
from types import FrameType
from typing import Never, cast

from coverage import Coverage, CoveragePlugin
from coverage.collector import Collector
from coverage.plugin_support import Plugins
from coverage.types import TConfigurable, TTraceData

_TOP = str(Path(__file__).parents[1])
_LAST_STREAM = 2
#: Lines that a process and its parents have run before they forked.
_INHERITED: list[object] = []
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
                (first + line) % len(saved)
                for file, lines in _run().items()
                for first in (zlib.crc32(file.removeprefix(_TOP).encode()),)
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
        if (measured := Coverage.current()) and measured._collector:
            _count_anew(measured._collector)

    os.register_at_fork(after_in_child=begin)


def _count_anew(collector: Collector) -> None:
    """Forget the lines that the parent has run, which saves them itself.

    Most stay in memory as they are: it is shared with the parent until somebody writes to it. Only
    the functions that run at the moment go on in what is counted from now on.
    """
    counted, files = _run(), set[str]()
    frame: FrameType | None = sys._getframe()
    while frame:
        files.add(frame.f_code.co_filename)
        frame = frame.f_back
    anew = {file: counted[file] for file in files & counted.keys()}
    for lines in anew.values():
        lines.clear()
    _INHERITED.append(counted)
    collector.data = cast("TTraceData", anew)
    for tracer in collector.tracers:
        tracer.data = collector.data


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
    """Open what all processes share: a byte for a line, by its file's checksum.

    Those of a file are side by side, so that a process reads few pages.
    It is a file beside the data; where it is missing, the processes of a build share memory.
    """
    file = Path(os.environ.get("COVERAGE_FILE", ".coverage")).with_name("saved")
    with suppress(OSError), file.open("r+b") as stream:
        return mmap(stream.fileno(), 0)
    return mmap(-1, 2**20)


def _run() -> dict[str, set[int]]:
    """The lines that this process has run, by file."""
    measured = Coverage.current()
    data = measured._collector.data if measured and measured._collector else {}
    return cast("dict[str, set[int]]", data)
