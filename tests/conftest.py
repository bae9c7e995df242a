"""How two processes share the tests."""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadScopeScheduling


class Sharing(LoadScopeScheduling):
    """Gives the tests of a file to one process, and so those of a folder that share images."""

    def _split_scope(self, nodeid: str) -> str:
        if "test_upgrades.py::test_a_kernel" in nodeid:  # it makes an image of its own
            return nodeid
        file = nodeid.partition("::")[0]
        for folder in ("tests/integration/images/", "tests/integration/filesystems/"):
            if file.startswith(folder):
                return folder
        return file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Sharing:
    return Sharing(config, log)
