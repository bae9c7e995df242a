"""How two processes share the tests, and how many examples the property tests take."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

#: The same examples in each run: whether a change passes is not left to chance, nor to the clock.
settings.register_profile(
    "tests", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
#: Others each time, and many: `nox -s fuzz`.
settings.register_profile(
    "fuzz",
    max_examples=int(os.environ.get("VMDSL_EXAMPLES", "5000")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("tests")


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


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Sharing:
    return Sharing(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What a test has counted is told at the end, whichever process ran it."""
    for report in terminalreporter.stats.get("passed", ()):
        for name, text in report.user_properties:
            if name == "summary":
                terminalreporter.write_line(str(text))
