"""How a run of tests begins and ends, and how many examples the property tests take."""

from __future__ import annotations

import gc
import os
import signal
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.workermanage import WorkerController

from sharing import LongestFirst, is_controller, rank_of, run_of

#: The last line of a run: how many tests came to what, and in how many minutes.
COUNTS = pytest.StashKey[str]()
_STARTED = time.monotonic()

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


def pytest_configure(config: pytest.Config) -> None:
    """Let the end of the run, which removes its users, come after SIGTERM too.

    Tests are collected without looking for garbage, of which there is none among them.
    """
    gc.disable()
    if is_controller(config):
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_configure_node(node: WorkerController) -> None:
    node.workerinput["run"] = run_of(node.config).name


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LongestFirst:
    config.option.loadscopereorder = False  # not by how many tests there are in a file
    return LongestFirst(config, log)


def pytest_collection_finish() -> None:
    gc.freeze()  # nor is there later
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: rank_of(item.nodeid))


def pytest_unconfigure(config: pytest.Config) -> None:
    if not is_controller(config):
        return
    run_of(config).end()
    if counts := config.stash.get(COUNTS, ""):
        print(counts)  # noqa: T201 (after all that pytest says)
        if file := os.environ.get("VMDSL_TEST_COUNTS"):
            Path(file).write_text(counts, encoding="utf-8")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What a test has counted is told at the end, whichever process ran it."""
    for report in terminalreporter.stats.get("passed", ()):
        for name, text in report.user_properties:
            if name == "summary":
                terminalreporter.write_line(str(text))
    kinds = ("passed", "failed", "error", "skipped", "xfailed")
    counts = {kind: len(terminalreporter.stats.get(kind, ())) for kind in kinds}
    told = ", ".join(f"{count:,} {kind}" for kind, count in counts.items() if count)
    minutes = (time.monotonic() - _STARTED) / 60
    terminalreporter.config.stash[COUNTS] = f"{told or 'no tests'} in {minutes:.1f} minutes"
