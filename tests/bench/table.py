"""The table of what was measured: medians, ratios, and what the ratios ought to be."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from bench.rounds import Taken

Seconds = Mapping[str, Sequence[float]]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A figure of vmdsl against one of another program.

    `ours` and `theirs` are the names of what was measured. `most` is the ratio that is wanted, or
    the seconds where there is nothing to compare with.
    """

    what: str
    ours: str
    theirs: str = ""
    most: float


ROWS = (
    Row(what="cold", ours="cold", theirs="vmdb2 cold", most=0.33),
    Row(
        what="packages cached, layers not; mirror at 5 MB/s",
        ours="packages cached",
        theirs="vmdb2 cold, slow mirror",
        most=0.30,
    ),
    Row(
        what="the same, cache on tmpfs",
        ours="packages cached, tmpfs",
        theirs="vmdb2 cold, slow mirror",
        most=0.25,
    ),
    Row(what="a line of the script changed", ours="line", theirs="vmdb2 with tarball", most=0.15),
    Row(
        what="a package added after the kernel",
        ours="package",
        theirs="vmdb2 with tarball",
        most=0.35,
    ),
    Row(what="nothing changed, image as it was", ours="same", most=1.0),
    Row(
        what="nothing changed, image removed",
        ours="removed",
        theirs="vmdb2 with tarball",
        most=0.15,
    ),
    Row(
        what="two at once, all layers anew",
        ours="two at once",
        theirs="one alone",
        most=1.3,
    ),
    Row(what="vmdsl check, warm", ours="check", theirs="mypy, warm", most=3.0),
)

_HEADINGS = ("vmdsl", "compared with", "", "ratio", "wanted", "")
_BUILD = "Build of announcement.py"


@dataclass(frozen=True)
class Cells:
    """A row as text, and whether it is as wanted."""

    texts: tuple[str, ...]
    good: bool


def cells(row: Row, measured: Seconds) -> Cells:
    """A row with its figures; where a side was not measured, a dash."""
    ours = statistics.median(measured[row.ours]) if measured.get(row.ours) else None
    theirs = statistics.median(measured[row.theirs]) if measured.get(row.theirs) else None
    if ours is None or (row.theirs and theirs is None):
        return Cells((row.what, said(ours), row.theirs, said(theirs), "-", "-", ""), good=True)
    if theirs is None:
        good = ours < row.most
        wanted = f"< {said(row.most)}"
        return Cells((row.what, said(ours), "", "", "", wanted, _mark(good)), good)
    ratio = ours / theirs
    good = ratio <= row.most
    texts = (row.what, said(ours), row.theirs, said(theirs), f"{ratio:.2f}", f"≤ {row.most:.2f}")
    return Cells((*texts, _mark(good)), good)


def said(seconds: float | None) -> str:
    """Seconds to three digits."""
    if seconds is None:
        return "-"
    return f"{seconds:.{2 if seconds < 10 else 1}f} s"


def _mark(good: bool) -> str:  # noqa: FBT001
    return "yes" if good else "no"


def as_table(rows: Sequence[Row], measured: Seconds, heading: str = _BUILD) -> Table:
    """For the terminal."""
    table = Table()
    for number, title in enumerate((heading, *_HEADINGS)):
        table.add_column(title, justify="right" if number in {1, 3, 4, 5} else "left")
    for row in rows:
        found = cells(row, measured)
        *texts, mark = found.texts
        table.add_row(*texts, Text(mark, "green" if found.good else "red"))
    return table


def as_markdown(
    rows: Sequence[Row],
    measured: Seconds,
    facts: Sequence[tuple[str, str]],
    runs: int,
    heading: str = _BUILD,
) -> str:
    """For the documents: the table, and what it was measured on."""
    lines = [
        "| " + " | ".join((heading, *_HEADINGS)) + " |",
        "|---|--:|---|--:|--:|--:|---|",
        *("| " + " | ".join(cells(row, measured).texts) + " |" for row in rows),
        "",
        f"Medians of {runs} runs." if runs > 1 else "One run of each.",
    ]
    if facts:
        lines += ["", "| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts)]
    return "\n".join(lines) + "\n"


def filled(page: str, parts: Mapping[str, str]) -> str:
    """A page with new text between the marks of each part: `<!-- name -->`, `<!-- /name -->`."""
    for name, text in parts.items():
        before, start, rest = page.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->\n")
        if not start or not end:
            raise ValueError(f"the page has no marks for {name}")
        page = f"{before}{start}\n{text}\n{end}{after}"
    return page


_RESOURCES = ("Build", "time", "memory of vmdsl", "disk, at most", "layers", "data in the image")


def _resource_cells(taken: Taken) -> tuple[str, ...]:
    sizes = (taken.watched.memory, taken.watched.disk, taken.layers, taken.data)
    return (taken.what, said(taken.seconds), *(f"{size / 2**20:.0f} MiB" for size in sizes))


def resource_table(builds: Sequence[Taken]) -> Table:
    """What builds took besides time, for the terminal."""
    table = Table()
    for number, heading in enumerate(_RESOURCES):
        table.add_column(heading, justify="right" if number else "left")
    for taken in builds:
        table.add_row(*_resource_cells(taken))
    return table


def resources_as_markdown(builds: Sequence[Taken]) -> str:
    """What builds took besides time, for the documents."""
    lines = [
        "| " + " | ".join(_RESOURCES) + " |",
        "|---|--:|--:|--:|--:|--:|",
        *("| " + " | ".join(_resource_cells(taken)) + " |" for taken in builds),
    ]
    return "\n".join(lines) + "\n"
