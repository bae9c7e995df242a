"""Recipes that are no Python: their steps are made by hand, and files lie in another directory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from vmdsl import GiB, Size, apt, copy_file, debootstrap, mkext4, mkimg, mkmsdos, mkpart, mount
from vmdsl.errors import Problem, RecipeError, Where
from vmdsl.language.operation import origin_of, recorder_for
from vmdsl.language.steps import Option, Step
from vmdsl.plan.load import Recipe
from vmdsl.plan.plan import make_plan
from vmdsl.review.data import plan_json

SPEC = Path("/specs/server.yaml")


def recipe(
    directory: Path, *functions: Callable[[], object], options: tuple[Option[object], ...] = ()
) -> Recipe:
    """Steps of a specification, at lines 10, 20 and so on."""
    steps = [
        Step(function, None, name=function.__name__, where=Where(SPEC, 10 * number, 3))
        for number, function in enumerate(functions, 1)
    ]
    return Recipe(
        path=SPEC,
        directory=directory,
        module=None,
        steps=tuple(steps),
        options=options,
        problems=(),
    )


def system() -> object:
    root = mount(mkext4(mkpart(mkmsdos(mkimg(GiB(2))))))
    return debootstrap(root, suite="trixie")


def files() -> None:
    made = recorder_for("a test").operations[-1]
    recorder_for("a test").place = Where(SPEC, 21, 7)
    copy_file(made.root, "motd", "/etc/motd")  # type: ignore[attr-defined]


def test_plan_without_mypy(tmp_path: Path) -> None:
    """A unit test that starts a program fails."""
    (tmp_path / "motd").write_text("Hello.\n")
    plan = make_plan(SPEC, {}, cache=tmp_path / "cache", loaded=recipe(tmp_path, system, files))
    assert (plan.recipe, plan.directory, plan.code) == (SPEC, tmp_path, None)
    assert plan.name == "server"
    wheres = [origin_of(o).where for o in plan.operations]
    assert wheres == [Where(SPEC, 10, 3)] * 6 + [Where(SPEC, 21, 7)]
    assert {origin_of(o).directory for o in plan.operations} == {tmp_path}
    assert json.loads(plan_json(plan))["operations"][-1]["arguments"]["source"] == "motd"


def problems(tmp_path: Path, *functions: Callable[[], object]) -> tuple[Problem, ...]:
    with pytest.raises(RecipeError) as caught:
        make_plan(SPEC, {}, cache=tmp_path / "cache", loaded=recipe(tmp_path, *functions))
    return caught.value.problems


def test_missing_file_is_looked_for_in_the_directory(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, system, files)
    assert found.what == "there is no file motd"
    assert found.where == Where(SPEC, 21, 7)
    assert found.hint == f"it is looked for in {tmp_path}"


def test_mistakes_are_at_the_place_that_is_evaluated(tmp_path: Path) -> None:
    def refused() -> None:
        apt(recorder_for("a test").operations[-1].root)  # type: ignore[attr-defined]

    def crashes() -> None:
        recorder_for("a test").place = Where(SPEC, 33, 5)
        Size.parse("four")

    found = problems(tmp_path, system, refused, crashes)
    assert [problem.where for problem in found] == [Where(SPEC, 20, 3), Where(SPEC, 33, 5)]
    assert [problem.step for problem in found] == ["refused", "crashes"]


def test_option_is_read_by_its_identity(tmp_path: Path) -> None:
    size: Option[object] = Option("2G", "Size.", Where(SPEC, 1))
    size.name = "size"

    def disk() -> object:
        return mkmsdos(mkimg(Size.parse(str(size()))))

    loaded = recipe(tmp_path, disk, options=(size,))
    plan = make_plan(SPEC, {"size": "3G"}, cache=tmp_path / "cache", loaded=loaded)
    assert plan.layout.disk.size == GiB(3)
