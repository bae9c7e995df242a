"""The way from a recipe to a checked plan, readable in one place."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vmdsl.errors import Problem, RecipeError
from vmdsl.language.layout import Layout
from vmdsl.language.operations import ImageOperation, LayoutOperation, Operation, TreeOperation
from vmdsl.plan.check import check
from vmdsl.plan.evaluate import evaluate
from vmdsl.plan.lay_out import lay_out
from vmdsl.plan.load import Recipe, load
from vmdsl.plan.typecheck import TypeCheck


@dataclass(frozen=True, kw_only=True)
class OptionValue:
    """What an option has come to. `given` tells a value of the command line from a default."""

    name: str
    value: object
    given: bool


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that will be done, known to be sound."""

    recipe: Path
    name: str
    seed: str
    options: tuple[OptionValue, ...]
    operations: tuple[Operation, ...]
    layout: Layout

    @property
    def layout_operations(self) -> tuple[LayoutOperation, ...]:
        """The operations that only say how the disk looks."""
        return tuple(o for o in self.operations if isinstance(o, LayoutOperation))

    @property
    def tree_operations(self) -> tuple[TreeOperation, ...]:
        """The operations that change the tree, in order."""
        return tuple(o for o in self.operations if isinstance(o, TreeOperation))

    @property
    def image_operations(self) -> tuple[ImageOperation, ...]:
        """The operations that write to the finished image, in order."""
        return tuple(o for o in self.operations if isinstance(o, ImageOperation))


def make_plan(
    path: Path,
    values: Mapping[str, object],
    *,
    cache: Path,
    seed: str = "",
    loaded: Recipe | None = None,
) -> Plan:
    """Check a recipe in every way there is, and return its plan.

    `values` are those that the command line gives to options, by name; `loaded` spares a second
    loading. mypy works while the recipe is evaluated. Raises RecipeError with all that is wrong.
    """
    types = TypeCheck(path, cache)
    try:
        recipe = loaded or load(path)
        evaluated = evaluate(recipe, values)
        layout, misplaced = lay_out(evaluated.operations, recipe=recipe.name, seed=seed)
        found = [*recipe.problems, *evaluated.problems]
        found += _unknown_options(recipe, values)
        complete = not found and not evaluated.crashes
        if complete:
            found += [*misplaced, *check(evaluated.operations, recipe.path)]
        crashes = list(evaluated.crashes)
    except RecipeError as error:
        recipe, evaluated, layout, found, crashes = None, None, None, list(error.problems), []
    except BaseException:
        types.stop()
        raise
    problems = merge(types.problems(), found, crashes)
    if problems or recipe is None or evaluated is None or layout is None:
        raise RecipeError(*problems)
    return Plan(
        recipe=recipe.path,
        name=recipe.name,
        seed=seed,
        options=tuple(
            OptionValue(name=o.name, value=values.get(o.name, o.default), given=o.name in values)
            for o in recipe.options
        ),
        operations=evaluated.operations,
        layout=layout,
    )


def merge(
    types: tuple[Problem, ...], found: list[Problem], crashes: list[Problem]
) -> list[Problem]:
    """Mypy's problems and ours, by line, each line's mistake once.

    What mypy says of a line stands for what else was found there; what a step raised is told only
    where mypy found nothing at all, as it follows from what mypy found.
    """
    lines = {p.where for p in types}
    ours = [p for p in found if p.where not in lines]
    if not types:
        ours += crashes
    return sorted(
        [*types, *ours], key=lambda p: (str(p.where.file), p.where.line) if p.where else ("", 0)
    )


def _unknown_options(recipe: Recipe, values: Mapping[str, object]) -> list[Problem]:
    names = [o.name for o in recipe.options]
    problems = []
    for name in values:
        if name not in names:
            close = difflib.get_close_matches(name, names, n=1)
            problems.append(
                Problem(
                    what=f"the recipe has no option {name}",
                    hint=f"did you mean {close[0]}?" if close else "",
                )
            )
    return problems
