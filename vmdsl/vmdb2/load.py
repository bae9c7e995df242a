"""The way from a specification to a recipe that a plan can be made of, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vmdsl.errors import Problem, RecipeError
from vmdsl.plan.load import Recipe
from vmdsl.vmdb2.draft import Draft
from vmdsl.vmdb2.read import read
from vmdsl.vmdb2.run import as_recipe
from vmdsl.vmdb2.translate import translate


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A specification as a recipe: as data, and as what can be evaluated.

    `image` is the name of the image's file. `warnings` say where vmdb2 does something that one may
    not expect.
    """

    draft: Draft
    recipe: Recipe
    image: Path
    warnings: tuple[Problem, ...]


class SpecificationError(RecipeError):
    """A specification is wrong. Carries the warnings as well, which are to be shown."""

    def __init__(self, warnings: tuple[Problem, ...], *problems: Problem) -> None:
        self.warnings = warnings
        super().__init__(*problems)


def load_specification(
    text: str, path: Path, *, directory: Path, variables: Mapping[str, str], lenient: bool = False
) -> Loaded:
    """Read and translate a specification. Local files start at `directory`.

    `variables` are those of `--variable`, and `output`, `image` and `rootfs_tarball` where they
    are given. With `lenient`, keys that vmdb2 doesn't know are warnings. Raises
    SpecificationError with all that is wrong, and RecipeError where it cannot be read at all.
    """
    found = read(text, path, variables, lenient=lenient)
    translated = translate(found.spec, path, directory=directory, variables=variables)
    problems = {*found.problems, *(p for p in translated.problems if not found.told(p))}
    warnings = (*found.warnings, *translated.warnings)
    if problems:
        raise SpecificationError(warnings, *sorted(problems, key=_place))
    return Loaded(
        draft=translated.draft,
        recipe=as_recipe(translated.draft, directory=directory),
        image=directory / translated.image,
        warnings=warnings,
    )


def _place(problem: Problem) -> tuple[int, int, str]:
    where = problem.where
    return (where.line, where.column, problem.what) if where else (0, 0, problem.what)
