"""Files with reviewed plans: writing one, and saying what is no longer as it says."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import unified_diff
from pathlib import Path

import typer

from vmdsl.cli.paths import PLAN_SUFFIX, check_directory, existing_file, replace_file
from vmdsl.cli.reporting import is_collecting, report_error
from vmdsl.errors import Problem, RecipeError, UsageError
from vmdsl.plan.plan import Plan
from vmdsl.review.describe import describe
from vmdsl.review.outline import NotAPlan, Outline, read, without_lines, write

#: The exit code of a command that compares, if there is a difference.
DIFFERENT = 2


def write_reviewed(file: Path, plan: Plan) -> None:
    """Write a plan to a file, which is replaced at once. Raises UsageError if it cannot be."""
    if file.suffix != PLAN_SUFFIX:
        hint = f"name it: --output {file.with_suffix(PLAN_SUFFIX)}"
        raise UsageError(
            Problem(what=f"{file} is not the name of a plan", hint=hint, code="output-file")
        )
    check_directory(file)
    replace_file(file, write(describe(plan)))


def read_reviewed(file: Path) -> Outline:
    """Read the plan in a file. Raises UsageError if there is none."""
    existing_file(file, "plan", PLAN_SUFFIX)
    try:
        return without_lines(read(file.read_text(encoding="utf-8")))
    except (NotAPlan, UnicodeDecodeError) as error:
        what = f"{file} is not a plan: {error}"
        hint = "write it again: vmdsl plan RECIPE --output FILE.plan"
        raise UsageError(Problem(what=what, hint=hint, code="wrong-file")) from None
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", code="output-file") from None


def changes_since(file: Path, plan: Plan) -> Sequence[str]:
    """Return a unified diff from the plan in a file to the one of now; empty if they are equal."""
    then, now = write(read_reviewed(file)), write(describe(plan))
    return list(
        unified_diff(
            then.split("\n"), now.split("\n"), str(file), f"{plan.recipe.name}, now", lineterm=""
        )
    )


def compare_with(file: Path, plan: Plan) -> int:
    """Print or report how a plan differs from the one in a file. Return the exit code."""
    changes = changes_since(file, plan)
    if changes and is_collecting():
        report_error(plan_changed(file))
    for line in changes if not is_collecting() else ():
        typer.echo(line)
    return DIFFERENT if changes else 0


def require_reviewed(file: Path, plan: Plan) -> None:
    """Raise RecipeError unless a plan is the one in a file; print how it differs."""
    changes = changes_since(file, plan)
    if changes:
        for line in changes:
            typer.echo(line, err=True)
        raise plan_changed(file)


def plan_changed(file: Path) -> RecipeError:
    """Return the error that a plan is not the one in a file."""
    hint = "review the difference, and write the plan again: vmdsl plan RECIPE --output"
    what = f"the plan is not the one in {file}"
    return RecipeError(Problem(what=what, hint=f"{hint} {file}", code="plan-changed"))
