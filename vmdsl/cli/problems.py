"""Shows mistakes: each with its place, the recipe's line, and a hint at the remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from vmdsl.errors import HostError, PolicyError, Problem, RecipeError, VmdslError, Where
from vmdsl.host.facts import Result

_INDENT = "    "
#: Hints that are commands.
_COMMAND = re.compile(r"As root: |\b(apt-get|vmdsl|mkdir|mv|usermod|systemctl) ")
#: A word for the problems of an error; the first class that it is one of counts.
_NOUNS: Mapping[type[VmdslError], str] = {
    PolicyError: "finding",
    RecipeError: "mistake",
    HostError: "problem",
}


def show_error(
    error: VmdslError, console: Console, *, building: bool = False, of: Path | None = None
) -> None:
    """Print every problem of an error, and their number.

    With `building`, the last line adds that nothing was built. `of` is the recipe, if there are
    several.
    """
    _show(error.problems, console)
    if isinstance(error, RecipeError | HostError):
        noun = next(word for kind, word in _NOUNS.items() if isinstance(error, kind))
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
    _show(warnings, console, kind="warning")


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


def _show(problems: Sequence[Problem], console: Console, kind: str = "") -> None:
    from vmdsl.plan.marks import marked  # noqa: PLC0415 (slow, and not needed without a mistake)

    width = console.width if console.is_terminal else 0
    for problem in problems:
        for line in describe(marked(problem), Path.cwd(), kind, width):
            console.print(line, soft_wrap=True)


def describe(problem: Problem, cwd: Path, kind: str = "", width: int = 0) -> Sequence[Text]:
    """Format a problem as lines, with paths below `cwd` relative to it; `kind` is a word for it.

    With the `width` of a terminal, text is wrapped at words, and the recipe's line is cut, so that
    the mark stays below the code. Commands are never wrapped, as they are copied.
    """
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
    lines = _wrapped(head, width) + [line for one in more for line in _wrapped(_below(one), width)]
    if problem.where:
        lines += _source(problem.where, width)
    for line in _relative(problem.hint, cwd).splitlines():
        hint = Text(f"{_INDENT}{line.strip()}", style="green")
        lines += [hint] if _COMMAND.search(line) else _wrapped(hint, width)
    return lines


def _below(line: str) -> Text:
    return Text(f"{_INDENT}{line}")


def _wrapped(text: Text, width: int) -> list[Text]:
    """Wrap a text at words, if there is a width. Lines after the first are indented."""
    plain, room = text.plain, width
    breaks: list[int] = []
    begin = len(plain) - len(plain.lstrip())
    while width and len(plain) - (breaks[-1] if breaks else 0) > room:
        space = plain.rfind(" ", begin + 1, (breaks[-1] if breaks else 0) + room + 1)
        space = plain.find(" ", begin + 1) if space < 0 else space
        if space < 0:
            break
        begin, room = len(plain) - len(plain[space:].lstrip()), width - len(_INDENT)
        breaks.append(begin)
    first, *rest = text.divide(breaks)
    lines = [first, *(Text.assemble(_INDENT, line) for line in rest)]
    for line in lines:
        line.rstrip()
    return lines


def _result_line(result: Result, width: int) -> Text:
    problem = result.problem
    if not problem:
        word, style, said = "ok", "green", result.detail
    else:
        word, style = ("problem", "bold red") if result.fatal else ("warning", "yellow")
        what, *hint = str(problem).split("\n")
        said = "\n".join([f"{what}  [{problem.code}]" if problem.code else what, *hint])
    return Text.assemble((f"{word:<9}", style), f"{result.name:<{width}}{said}")


def _source(where: Where, width: int) -> list[Text]:
    """Return the recipe's line that a problem is about, and a mark below what is meant."""
    try:
        source = where.file.read_text(encoding="utf-8").splitlines()[where.line - 1]
    except (OSError, UnicodeDecodeError, IndexError):
        return []
    code = source.strip()
    if not where.line or not code:
        return []
    number = f"{where.line:>6} | "
    start, end = columns(where, source)
    indent = len(source) - len(source.lstrip())
    start, end = max(start - indent, -1), min(end - indent, len(code))
    if width:
        code, start, end = _cut(code, start, end, width - len(number))
    lines = [Text.assemble((number, "dim"), code)]
    if start >= 0:
        before = " " * (len(number) + cell_len(code[:start]))
        lines.append(Text(before + "^" * max(cell_len(code[start:end]), 1), style="red"))
    return lines


def columns(where: Where, source: str) -> tuple[int, int]:
    """Return where the code begins and ends that is meant, in characters; -1 if it is unknown."""
    if where.column:
        return where.column - 1, where.column
    if where.start < 0:
        return -1, -1
    data = source.encode()
    end = len(data) if where.end < 0 else where.end
    before, meant = data[: where.start], data[where.start : end]
    start = len(before.decode(errors="replace"))
    return start, start + len(meant.decode(errors="replace").rstrip())


def _cut(code: str, start: int, end: int, room: int) -> tuple[str, int, int]:
    """Cut a line of code that is too long, around what is meant in it."""
    if len(code) <= room:
        return code, start, end
    first = max(0, min(start - room // 3, len(code) - room + 1)) if start >= 0 else 0
    shown = code[first : first + room]
    if first:
        shown = f"…{shown[1:]}"
    if first + room < len(code):
        shown = f"{shown[:-1]}…"
    return shown, start - first if start >= 0 else -1, min(end - first, len(shown))


def _relative(text: str, cwd: Path) -> str:
    """Make absolute paths below `cwd` in a text relative."""
    if cwd == cwd.parent:
        return text
    return re.sub(rf"(?<![\w./-]){re.escape(str(cwd))}/(?=[^\s/])", "", text)
