"""`vmdsl doctor`: whether this machine can build, and what to do where it can't."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from vmdsl.errors import HostError
from vmdsl.host.checks import check_host
from vmdsl.host.facts import Result


def run_doctor(cache: Path) -> int:
    """Check this machine, say what was found, and give the exit code."""
    results = check_host(cache)
    show(results, Console())
    return HostError.exit_code if any(r.problem and r.fatal for r in results) else 0


def show(results: Sequence[Result], console: Console) -> None:
    """One line a check, with its problem and the remedy below it; then the sum."""
    width = max(len(r.name) for r in results) + 2
    lines = [_line(result, width) for result in results]
    fatal = sum(1 for r in results if r.problem and r.fatal)
    if fatal:
        problems = "1 problem keeps" if fatal == 1 else f"{fatal} problems keep"
        lines.append(Text(f"{problems} this machine from building images.", style="bold red"))
    else:
        lines.append(Text("This machine can build images.", style="bold green"))
    for line in lines:
        console.print(line, soft_wrap=True)  # a command that is wrapped can't be copied


def _line(result: Result, width: int) -> Text:
    if not result.problem:
        word, style, said = "ok", "green", result.detail
    elif result.fatal:
        word, style, said = "problem", "bold red", str(result.problem)
    else:
        word, style, said = "warning", "yellow", str(result.problem)
    return Text.assemble((f"{word:<9}", style), f"{result.name:<{width}}{said}")
