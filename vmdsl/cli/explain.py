"""`vmdsl explain`: what the code of a mistake means, with a wrong and a right way to write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from vmdsl.errors import Problem, UsageError
from vmdsl.explanations.codes import Explanation, explanations
from vmdsl.similar import did_you_mean

if TYPE_CHECKING:
    from rich.console import Console


def codes_like(incomplete: str) -> list[tuple[str, str]]:
    """Return the codes that begin like a word, with their titles, for completion in shells."""
    found = explanations().values()
    return [(one.code, one.title) for one in found if one.code.startswith(incomplete)]


def explain(
    code: Annotated[
        str,
        typer.Argument(
            metavar="[CODE]",
            help="The code at the end of a report, such as no-room; without one, all are listed.",
            show_default=False,
            autocompletion=codes_like,
        ),
    ] = "",
) -> None:
    """Explain a kind of mistake by its code, with a wrong and a right recipe."""
    from rich.console import Console  # noqa: PLC0415 (slow)

    known = explanations()
    if not code:
        width = max(map(len, known)) + 2
        for one in known.values():
            typer.echo(f"{one.code:<{width}}{one.title}")
        return
    found = known.get(code.strip("[]"))
    if found is None:
        hint = did_you_mean(code, known) or "vmdsl explain lists all codes"
        raise UsageError(Problem(what=f"there is no code {code}", hint=hint, code="usage"))
    console = Console(highlight=False)
    if console.is_terminal:
        _show(found, console)
    else:
        typer.echo(f"# {found.title}\n\n{found.text}", nl=False)


def _show(found: Explanation, console: Console) -> None:
    """Show an explanation on a terminal, with its code in colours."""
    from rich.markdown import Markdown  # noqa: PLC0415 (slow)

    console.print(f"[bold]{found.title}[/bold]  [dim]\\[{found.code}][/dim]\n")
    console.print(Markdown(found.text, code_theme="ansi_dark"))
