"""The way from a recipe to a checked plan, in one function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from traceback import walk_tb

from vmdsl.errors import Advice, HostError, Problem, RecipeError, Where
from vmdsl.language.effects import ImageOperation, TreeOperation
from vmdsl.language.layout import Layout
from vmdsl.language.operation import LayoutOperation, Operation, problem_in
from vmdsl.plan.evaluate import evaluate
from vmdsl.plan.lay_out import lay_out
from vmdsl.plan.load import Recipe, load
from vmdsl.plan.merge import merge
from vmdsl.plan.rules.check import check as check_rules
from vmdsl.plan.rules.check import check_layout
from vmdsl.plan.rules.machine import obstacles, unusable
from vmdsl.plan.typecheck import TypeCheck, Types, Untyped
from vmdsl.similar import did_you_mean

#: A check of the operations of a plan that knows more than the recipe.
Check = Callable[[Sequence[Operation]], Iterable[Problem]]


@dataclass(frozen=True, kw_only=True)
class OptionValue:
    """The value of an option. `given` says that it is from the command line, not the default."""

    name: str
    value: object
    given: bool


@dataclass(frozen=True, kw_only=True)
class Remark:
    """A comment of a recipe, with the lines of the code that it is about.

    `of_all` says that it is about the recipe as a whole, too.
    """

    text: str
    where: Where
    first: int
    last: int
    of_all: bool = False


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """A finding of a policy that the recipe allows at its line, with the reason."""

    finding: Problem
    reason: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that a build does, checked. A plan with `obstacles` cannot be built yet.

    `warnings` are about what may be right, and may not be what is meant. `findings` are what the
    project's policies do not allow; a plan with them is not built. `waivers` are those that the
    recipe allows.

    Names of local files are relative to `directory`. `code` is the recipe if that is in Python,
    as it may define operations.
    """

    recipe: Path
    directory: Path
    code: Path | None
    name: str
    seed: str
    options: tuple[OptionValue, ...]
    operations: tuple[Operation, ...]
    layout: Layout
    obstacles: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    findings: tuple[Problem, ...] = ()
    waivers: tuple[Waiver, ...] = ()

    def require_buildable(self) -> None:
        """Raise HostError with all obstacles, if there are any."""
        if self.obstacles:
            raise HostError(*self.obstacles)

    @property
    def layout_operations(self) -> tuple[LayoutOperation, ...]:
        """The operations that only describe the disk."""
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
    types: Types | None = None,
    checks: Sequence[Check] = (),
) -> Plan:
    """Check a recipe completely, and return its plan.

    `values` are those that the command line gives to options, by name. `loaded` and `types` are
    those of the recipe, if it is already loaded and being checked by mypy. mypy runs while the
    recipe is evaluated, if that is in Python; `cache` is the directory of mypy's cache. `checks`
    are further ones, which may start programs. Raises RecipeError with all mistakes.
    """
    if types is None:
        types = TypeCheck(path, cache) if loaded is None or loaded.module else Untyped()
    try:
        recipe = loaded or load(path)
        evaluated = evaluate(recipe, values)
        recorded = (*evaluated.operations, *evaluated.doubtful)
        further = [problem for check in checks for problem in check(recorded)]
    except RecipeError as error:
        raise RecipeError(*merge(types.problems(), error.problems)) from None
    except BaseException:
        types.stop()
        raise
    mistyped = types.problems()
    found = [*recipe.problems, *_unknown_options(recipe, values), *evaluated.problems]
    layout = None
    try:
        layout, misplaced = lay_out(evaluated.operations, recipe=recipe.name, seed=seed)
        complete = not _mistakes(found)
        found += [*misplaced, *check_rules(evaluated.operations, recipe.path, complete=complete)]
        if layout is not None and not misplaced:
            complete = not _mistakes(found)
            found += check_layout(evaluated.operations, layout, complete=complete)
    except Exception as error:  # noqa: BLE001 (it is a rule's, about an operation)
        if not mistyped and not _mistakes(found):  # else a handle may not be what it seems
            found.append(_failed_check(error, evaluated.operations))
    said = {(problem.where, problem.about) for problem in _mistakes(found) if problem.about}
    unsure = {p.where for p in evaluated.problems if p.code == "not-repeatable"}
    found = [p for p in found if p.code == "not-repeatable" or p.where not in unsure]
    found += [problem for problem in further if (problem.where, problem.about) not in said]
    problems = merge(mistyped, _mistakes(found))
    if problems or layout is None:
        raise RecipeError(*problems)
    return Plan(
        recipe=recipe.path,
        directory=recipe.directory,
        code=recipe.path if recipe.module else None,
        name=recipe.name,
        seed=seed,
        options=tuple(
            OptionValue(name=o.name, value=values.get(o.name, o.default), given=o.name in values)
            for o in recipe.options
        ),
        operations=evaluated.operations,
        layout=layout,
        obstacles=obstacles(evaluated.operations),
        warnings=tuple(merge((), found)),
    )


def _mistakes(found: Sequence[Problem]) -> list[Problem]:
    """Return the problems that are not warnings."""
    return [problem for problem in found if not isinstance(problem, Advice)]


def _failed_check(error: Exception, operations: Sequence[Operation]) -> Problem:
    """Return an exception of a rule as a mistake in the operation that it looked at.

    Raises the exception if it looked at none.
    """
    looked_at = [
        value
        for frame, _ in walk_tb(error.__traceback__)
        for value in frame.f_locals.values()
        if isinstance(value, Operation) and value in operations
    ]
    if not looked_at:
        raise error
    if isinstance(error, OSError) and error.strerror:
        return problem_in(looked_at[-1], *unusable(error), code="local-file")
    what = f"this cannot be checked: {type(error).__name__}: {error}"
    return problem_in(
        looked_at[-1],
        what,
        "one of its arguments may not be of the type that it needs",
        code="wrong-type",
    )


def _unknown_options(recipe: Recipe, values: Mapping[str, object]) -> list[Problem]:
    names = [o.name for o in recipe.options]
    problems = []
    for name in values:
        if name not in names:
            what, hint = f"the recipe has no option {name}", did_you_mean(name, names)
            problems.append(Problem(what=what, hint=hint, code="unknown-option"))
    return problems
