"""Where the time of a build went."""

import io
import time

import pytest
from rich.console import Console

from vmdsl.builder.report.timing import Phase, Stopwatch, as_text
from vmdsl.cli.progress import check_phase, show_timings


@pytest.fixture
def phases(monkeypatch: pytest.MonkeyPatch) -> list[Phase]:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    watch = Stopwatch()
    watch.phase("preparation", cpu=0.0)
    now[0] += 0.5
    watch.phase("tree", cpu=0.25)
    watch.piece("system", "debootstrap [trixie]", cpu=0.25)
    watch.program("mmdebstrap " + 60 * "x", seconds=8.0, cpu=6.0)
    watch.program("true", seconds=0.01, cpu=0.01)
    for seconds in (2.0, 3.0, 1.0):
        watch.program(f"sleep {seconds}", seconds=seconds, cpu=0.0)
    now[0] += 10.0
    watch.piece("", "clean the tree", how="cached", cpu=8.25)
    now[0] += 1.0
    watch.phase("assembly", cpu=8.5)
    now[0] += 2.0
    watch.end(cpu=9.0)
    return watch.phases


def test_phases_pieces_and_the_longest_programs(phases: list[Phase]) -> None:
    assert as_text(phases) == (
        "  seconds      cpu\n"
        "     0.50     0.25  preparation\n"
        "    11.00     8.25  tree\n"
        "    10.00     8.00    system: debootstrap [trixie]\n"
        f"     8.00     6.00      mmdebstrap {49 * 'x'}\n"
        "     3.00     0.00      sleep 3.0\n"
        "     2.00     0.00      sleep 2.0\n"
        "     1.00     0.25    clean the tree (cached)\n"
        "     2.00     0.50  assembly\n"
    )


def test_a_piece_of_work_says_how_much_of_it_was_emulated() -> None:
    watch = Stopwatch()
    watch.phase("tree", cpu=0.0)
    watch.piece("kernel", "apt install linux-image-arm64", cpu=0.0)
    watch.program("apt-get install", seconds=80.0, cpu=43.0, emulated=True)
    watch.program("mount --bind", seconds=0.01, cpu=0.01)
    watch.program("true", seconds=0.01, cpu=0.5, emulated=True)
    watch.end(cpu=45.0)
    (line,) = [line for line in as_text(watch.phases).splitlines() if "kernel: " in line]
    assert line.endswith("kernel: apt install linux-image-arm64 (43.50 emulated)")


def test_a_pipe_gets_what_the_log_has(phases: list[Phase]) -> None:
    out = io.StringIO()
    show_timings(phases, Console(file=out, width=30))
    assert out.getvalue() == as_text(phases)


def test_a_terminal_gets_a_table(phases: list[Phase]) -> None:
    out = io.StringIO()
    show_timings(phases, Console(file=out, width=40, force_terminal=True, color_system=None))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 40
    assert lines[3].split()[:4] == ["10.00", "8.00", "system", "debootstrap"]


def test_what_was_before_the_build_is_counted_since_the_process_started() -> None:
    before = check_phase()
    assert before.cpu > 0.0
    assert 0.0 < before.seconds < 24 * 3600
