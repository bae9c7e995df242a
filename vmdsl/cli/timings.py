"""`vmdsl build --timings`: where the time of a build went."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from vmdsl.builder.report.timing import Phase, as_text, cpu_seconds, rows

_STYLES = ("bold", "", "dim")


def show_timings(phases: Sequence[Phase], console: Console | None = None) -> None:
    """Print a table, or the plain lines of the log where nobody looks at a terminal."""
    console = console or Console(highlight=False)
    if not console.is_terminal:
        console.file.write(as_text(phases))
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("seconds", justify="right", no_wrap=True, min_width=7)
    table.add_column("cpu", justify="right", no_wrap=True, min_width=7)
    table.add_column("", no_wrap=True, overflow="ellipsis")
    for depth, step, span in rows(phases):
        what = Text("  " * depth)
        if step:
            what.append(f"{step}  ", "cyan")
        what.append(span.what)
        table.add_row(f"{span.seconds:.2f}", f"{span.cpu:.2f}", what, style=_STYLES[depth])
    console.print(table)


def check_phase() -> Phase:
    """What was done before a build: this process has started, and checked the recipe."""
    # In ticks since the machine started; the program's name before it may have spaces.
    fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return Phase(
        what="check of the recipe",
        seconds=time.clock_gettime(time.CLOCK_BOOTTIME) - started,
        cpu=cpu_seconds(),
    )
