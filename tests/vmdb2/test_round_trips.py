"""Specifications that nobody would write have one plan, however they are converted."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from vmdb2.generated import prepare
from vmdb2.generated.recipes import recipes
from vmdb2.generated.specifications import specifications
from vmdb2.generated.texts import VARIABLES
from vmdb2.specifications import meaning
from vmdsl.errors import RecipeError
from vmdsl.plan.load import load as load_recipe
from vmdsl.plan.plan import Plan, make_plan
from vmdsl.plan.typecheck import Untyped
from vmdsl.vmdb2.load import Loaded, load_specification
from vmdsl.vmdb2.to_python.moved import moved
from vmdsl.vmdb2.to_python.source import to_python
from vmdsl.vmdb2.to_yaml.write import to_yaml

few = settings(max_examples=settings().max_examples // 4)
#: What may be where something else should be.
_SNIPPETS = st.sampled_from(
    [
        *("", "", ":", "- ", "{{ b }}", "{{", "&a ", "*a", "<<: ", '"', "'", "\t", "\x00", "~"),
        *(
            "0644",
            "unless: x\n",
            "tag: ",
            "  ",
            "\n",
            "[",
            "]",
            "{",
            "|\n",
            "yes",
            "!!binary ",
            "%",
        ),
    ]
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory with the files that specifications name."""
    directory = tmp_path_factory.mktemp("there")
    prepare(directory)
    before = list(sys.path)
    yield directory
    sys.path[:] = before


def loaded(text: str, place: Path) -> Loaded:
    file = place / "pc.vmdb"
    return load_specification(text, file, directory=place, variables=VARIABLES)


def plan_of_recipe(text: str, file: Path) -> Plan:
    file.write_text(text, encoding="utf-8", newline="")
    recipe = load_recipe(file)
    return make_plan(file, {}, cache=Path("/nowhere"), loaded=recipe, types=Untyped())


@few
@given(text=specifications())
def test_a_specification_and_what_it_is_converted_to(text: str, place: Path) -> None:
    """Its recipe, and what is exported; in another directory, too, where names of files differ."""
    found = loaded(text, place)
    plan = found.plan({})
    wanted = meaning(plan)
    assert meaning(plan_of_recipe(to_python(found.draft), place / "pc.py")) == wanted
    assert meaning(loaded(to_yaml(plan), place).plan({})) == wanted
    elsewhere = place / "else where"
    elsewhere.mkdir(exist_ok=True)
    moved_there = to_python(moved(found.draft, start=place, to=elsewhere))
    there = meaning(plan_of_recipe(moved_there, elsewhere / "pc.py"))
    assert [o["kind"] for o in there["operations"]] == [o["kind"] for o in wanted["operations"]]


@few
@given(
    text=specifications(),
    cuts=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9), _SNIPPETS), min_size=1, max_size=4),
)
def test_what_is_wrong_is_told(text: str, cuts: list[tuple[float, int, str]], place: Path) -> None:
    """Whatever becomes of a specification, it is planned, or its mistakes have places."""
    for at, length, snippet in cuts:
        start = int(at * len(text))
        text = f"{text[:start]}{snippet}{text[start + length :]}"
    try:
        loaded(text, place).plan({})
    except RecipeError as error:
        for problem in error.problems:
            assert problem.where is not None
            assert 0 < problem.where.line <= len(text.splitlines()) + 1
            assert problem.hint, problem
        told = [(problem.where, problem.what) for problem in error.problems]
        assert len(set(told)) == len(told)


def _lines(text: str) -> list[str]:
    """All but the comments above, in any order."""
    return sorted(line for line in text.splitlines() if not line.startswith("#"))


@few
@given(calls=recipes())
def test_a_recipe_and_what_is_exported(calls: str, place: Path) -> None:
    """What is exported can be read; exported again it says the same, in some order."""
    file = place / "pc.py"  # of the same name, from which UUIDs come
    try:
        first = to_yaml(plan_of_recipe(calls, file))
    except RecipeError:  # its parts don't go together, or vmdb2 has no word for one
        reject()
    plan = loaded(first, place).plan({})
    second = to_yaml(plan)
    if "fstab(" not in calls and "{{ mirror }}" not in first:  # scripts stay such, values values
        assert _lines(second) == _lines(first)
    assert meaning(loaded(second, place).plan({})) == meaning(plan)
