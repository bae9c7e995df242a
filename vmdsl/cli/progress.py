"""Shows a build's progress and timings: a live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from vmdsl.builder.report.progress import Built, Listener, Work, encrypted_line
from vmdsl.builder.report.timing import Phase, as_text, cpu_seconds, rows
from vmdsl.cli.options import rounded
from vmdsl.cli.problems import show_error
from vmdsl.cli.terminal import connect
from vmdsl.errors import VmdslError

_CONTROL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours and movements
    r"|\x1b\][^\x07\x1b]*(\x07|\x1b\\)"  # titles and links
    r"|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x08\x0b-\x1f\x7f]"
)
_MINUTE = 60
_SHORT = 10
_TIMING_STYLES = ("bold", "", "dim")


@contextmanager
def progress(
    *,
    verbose: bool,
    console: Console | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Listener]:
    """Show the progress that the listener receives until the block ends, and how it ended."""
    console = console or Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield PlainProgress(console, verbose=verbose)
        return
    display = LiveProgress(console, verbose=verbose, clock=clock)
    with display.live:
        try:
            yield display
        except BaseException:
            display.end("✗", "red")
            raise
        display.end("✓", "green")


class PlainProgress:
    """Prints a line when each piece of work begins; with `verbose`, all program output."""

    def __init__(self, console: Console, *, verbose: bool) -> None:
        self._console = console
        self._verbose = verbose

    def started(self, work: Work) -> None:
        step = f"{work.step}: " if work.step else ""
        how = f" ({work.how})" if work.how else ""
        self._print(f"[{work.number}/{work.total}] {step}{work.summary}{how}")

    def said(self, line: str) -> None:
        if self._verbose:
            self._print(f"    {clean(line)}")

    def failed(self, error: VmdslError, terminal: int) -> None:
        offer(error, terminal, self._console)

    def _print(self, line: str) -> None:
        self._console.print(Text(line), soft_wrap=True)
        self._console.file.flush()


class LiveProgress:
    """Shows the work under way and its last line of output, below a line for each finished one."""

    def __init__(self, console: Console, *, verbose: bool, clock: Callable[[], float]) -> None:
        self._console = console
        self._verbose = verbose
        self._clock = clock
        self._begun = self._since = clock()
        self._work: Work | None = None
        self._last = ""
        self._spinner = Spinner("dots", style="cyan")
        self.live = Live(
            get_renderable=self.render, console=console, refresh_per_second=10, transient=True
        )

    def started(self, work: Work) -> None:
        self.end("✓", "green")
        self._since, self._last, self._work = self._clock(), "", work

    def said(self, line: str) -> None:
        line = clean(line)
        if line.strip():
            self._last = line
        if self._verbose:
            self._console.print(Text(f"    {line}", "dim"), soft_wrap=True)

    def failed(self, error: VmdslError, terminal: int) -> None:
        self.end("✗", "red")
        self.live.stop()
        offer(error, terminal, self._console)

    def end(self, mark: str, style: str) -> None:
        """Print a line for the work under way, marked with how it has ended."""
        work, self._work = self._work, None
        if work is not None:
            self._console.print(self._line(work, Text(mark, style)))

    def render(self) -> RenderableType:
        """Return what the display shows now."""
        work = self._work  # the display's own thread calls this
        if work is None:
            return Text()
        below = Table.grid(expand=True, padding=(0, 1))
        below.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        below.add_column(justify="right", no_wrap=True)
        total = f"{duration(self._clock() - self._begun)} in all"
        below.add_row(Text(f"  {self._last}", "dim"), Text(total, "dim"))
        return Group(self._line(work, self._spinner), below)

    def _line(self, work: Work, mark: RenderableType) -> Table:
        line = Table.grid(expand=True, padding=(0, 1))
        line.add_column(width=1)
        line.add_column(width=2 * len(str(work.total)) + 1, justify="right", no_wrap=True)
        line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        line.add_column(justify="right", no_wrap=True)
        what = Text()
        if work.step:
            what.append(f"{work.step}  ", "cyan")
        what.append(work.summary)
        if work.how:
            what.append(f" ({work.how})", "dim")
        line.add_row(
            mark,
            Text(f"{work.number}/{work.total}", "dim"),
            what,
            duration(self._clock() - self._since),
        )
        return line


def offer(error: VmdslError, terminal: int, console: Console) -> None:
    """Show how a build has failed, and connect the user to the shell on a pseudo-terminal."""
    show_error(error, console)
    console.print(Text("A shell in the tree as it is now; the build ends with it.", "bold"))
    connect(terminal)


def show_built(built: Built, console: Console | None = None) -> None:
    """Print the image's path and size, and the time that the build took."""
    console = console or Console(highlight=False)
    info = built.image.stat()
    place = built.image
    if place.is_relative_to(Path.cwd()):
        place = place.relative_to(Path.cwd())
    console.print(
        Text.assemble(
            (str(place), "bold"),
            f": {rounded(info.st_size)}, {rounded(info.st_blocks * 512)} on disk, ",
            f"built in {duration(built.seconds)}" if built.log else "nothing has changed",
        ),
        soft_wrap=True,
    )


def show_encrypted(built: Built, console: Console | None = None) -> None:
    """Print the checksums of what was encrypted, as it was before."""
    console = console or Console(highlight=False)
    for name, checksum in built.encrypted.items():
        console.print(Text(encrypted_line(name, checksum)), soft_wrap=True)


def show_timings(phases: Sequence[Phase], console: Console | None = None) -> None:
    """Print a table on a terminal, and the plain lines of the log elsewhere."""
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
        table.add_row(f"{span.seconds:.2f}", f"{span.cpu:.2f}", what, style=_TIMING_STYLES[depth])
    console.print(table)


def check_phase() -> Phase:
    """Return the time from the start of this process to now, in which it checked the recipe."""
    # Field 22, in clock ticks since boot; the program's name, field 2, may have spaces.
    fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return Phase(
        what="check of the recipe",
        seconds=time.clock_gettime(time.CLOCK_BOOTTIME) - started,
        cpu=cpu_seconds(),
    )


def clean(line: str) -> str:
    """Return a line as a terminal shows it, without colours and overwritten text."""
    return _CONTROL.sub("", line.rstrip("\r\n").rpartition("\r")[2].expandtabs())


def duration(seconds: float) -> str:
    """Format a time for people."""
    if seconds < _SHORT:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
