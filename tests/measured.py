"""A plugin of coverage.py, for each process of the tests in which Python runs.

It counts the code of the checkout that the process belongs to. And it saves what children of a
build have run, which end by `os._exit`; some have the tree as their root, where no data belongs.
There are many that run the same lines: those that another has saved are not saved again.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from contextlib import suppress
from mmap import mmap
from pathlib import Path
from typing import Never

from coverage import Coverage, CoveragePlugin
from coverage.plugin_support import Plugins
from coverage.types import TConfigurable, TTraceData

_TOP = str(Path(__file__).parents[1])
_CODE = [f"{_TOP}/{folder}/*" for folder in ("vmdsl", "stdlib")]


class _Code(CoveragePlugin):
    def configure(self, config: TConfigurable) -> None:
        config.set_option("run:include", _CODE)


def coverage_init(registry: Plugins, _: object) -> None:
    """Set up coverage.py, which calls this when it starts in a process."""
    registry.add_configurer(_Code())
    root, leave, saved = _root(), os._exit, _saved()

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


def _root() -> int:
    """Open / with a number that none of the standard streams has, which may be closed."""
    opened = os.open("/", os.O_PATH | os.O_CLOEXEC)
    root = fcntl.fcntl(opened, fcntl.F_DUPFD_CLOEXEC, 3)
    os.close(opened)
    return root


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
