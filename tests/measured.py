"""A plugin of coverage.py, for each process of the tests in which Python runs.

It counts the code of the checkout that the process belongs to. And it saves what children of a
build have run, which end by `os._exit`; some have the tree as their root, where no data belongs.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Never

from coverage import Coverage, CoveragePlugin
from coverage.plugin_support import Plugins
from coverage.types import TConfigurable

_CODE = [f"{Path(__file__).parents[1]}/{folder}/*" for folder in ("vmdsl", "stdlib")]


class _Code(CoveragePlugin):
    def configure(self, config: TConfigurable) -> None:
        config.set_option("run:include", _CODE)


def coverage_init(registry: Plugins, _: object) -> None:
    """Set up coverage.py, which calls this when it starts in a process."""
    registry.add_configurer(_Code())
    root, leave = os.open("/", os.O_PATH | os.O_CLOEXEC), os._exit

    def save_and_leave(status: int) -> Never:
        with suppress(Exception):
            if not os.path.samestat(Path("/").stat(), os.fstat(root)):
                os.fchdir(root)
                os.chroot(".")
            if measured := Coverage.current():
                measured.save()
        leave(status)

    os._exit = save_and_leave
