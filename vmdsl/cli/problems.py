"""Shows mistakes: each with its place, the recipe's line, and a hint at the remedy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from vmdsl.errors import HostError, Problem, RecipeError, VmdslError, Where
from vmdsl.host.facts import Result


def show_error(
    error: VmdslError, console: Console, *, building: bool = False, of: Path | None = None
) -> None:
    """Print every problem of an error, and their number.

    With `building`, the last line adds that nothing was built. `of` is the recipe, if there are
    several.
    """
    _show(error.problems, console)
    if isinstance(error, RecipeError | HostError):
        noun = "mistake" if isinstance(error, RecipeError) else "problem"
        count = len(error.problems)
        rest = "; nothing was built" if building else ""
        whose = f"{of}: " if of else ""
        console.print(Text(f"{whose}{count} {noun}{'s' * (count != 1)}{rest}", style="bold"))


def show_obstacles(obstacles: Sequence[Problem], console: Console) -> None:
    """Print why a plan without mistakes cannot be built yet."""
    console.print(Text("It cannot be built yet", style="bold"))
    _show(obstacles, console)


def show_warnings(warnings: Sequence[Problem], console: Console) -> None:
    """Print warnings, which stop nothing."""
    for warning in warnings:
        for line in describe(warning, Path.cwd(), kind="warning"):
            console.print(line, soft_wrap=True)


def show_results(results: Sequence[Result], console: Console) -> None:
    """Print a line for each check of this machine, with its problem and hint, and a verdict."""
    width = max(len(r.name) for r in results) + 2
    lines = [_result_line(result, width) for result in results]
    fatal = sum(1 for r in results if r.problem and r.fatal)
    if fatal:
        problems = "1 problem keeps" if fatal == 1 else f"{fatal} problems keep"
        lines.append(Text(f"{problems} this machine from building images.", style="bold red"))
    else:
        lines.append(Text("This machine can build images.", style="bold green"))
    for line in lines:
        console.print(line, soft_wrap=True)  # a command that is wrapped can't be copied


def _show(problems: Sequence[Problem], console: Console) -> None:
    for problem in problems:
        for line in describe(problem, Path.cwd()):
            console.print(line, soft_wrap=True)


def describe(problem: Problem, cwd: Path, kind: str = "") -> Sequence[Text]:
    """Format a problem as lines, with paths below `cwd` relative to it; `kind` is a word for it."""
    what, *more = _relative(problem.what, cwd).splitlines() or [""]
    place = _relative(str(problem.where), cwd) if problem.where else "vmdsl"
    head = Text.assemble((f"{place}: ", "bold"))
    if kind:
        head.append(f"{kind}: ", "yellow")
    if problem.step:
        head.append(f"step {problem.step}: ", "cyan")
    head.append(what)
    if problem.code:
        head.append(f"  [{problem.code}]", "dim")
    lines = [head, *(Text(f"    {line}") for line in more)]
    if problem.where:
        lines += _source(problem.where)
    lines += [
        Text(f"    {line.strip()}", style="green")
        for line in _relative(problem.hint, cwd).splitlines()
    ]
    return lines


def _result_line(result: Result, width: int) -> Text:
    if not result.problem:
        word, style, said = "ok", "green", result.detail
    elif result.fatal:
        word, style, said = "problem", "bold red", str(result.problem)
    else:
        word, style, said = "warning", "yellow", str(result.problem)
    return Text.assemble((f"{word:<9}", style), f"{result.name:<{width}}{said}")


def _source(where: Where) -> list[Text]:
    """Return the recipe's line that a problem is about, and a mark below its column."""
    try:
        source = where.file.read_text(encoding="utf-8").splitlines()[where.line - 1]
    except (OSError, UnicodeDecodeError, IndexError):
        return []
    code = source.strip()
    if not where.line or not code:
        return []
    number = f"{where.line:>6} | "
    lines = [Text.assemble((number, "dim"), code)]
    if where.column:
        indent = where.column - 1 - (len(source) - len(source.lstrip()))
        lines.append(Text(" " * (len(number) + max(indent, 0)) + "^", style="red"))
    return lines


def _relative(text: str, cwd: Path) -> str:
    """Make absolute paths below `cwd` in a text relative."""
    if cwd == cwd.parent:
        return text
    return re.sub(rf"(?<![\w./-]){re.escape(str(cwd))}/(?=[^\s/])", "", text)
