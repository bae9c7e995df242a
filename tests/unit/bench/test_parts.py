"""The smaller parts of nox -s bench."""

from pathlib import Path

import pytest

from bench import checks, rounds
from bench.content import differences, parse
from bench.kpartx import partitions
from bench.mirror import Rate
from bench.watch import is_own
from vmdsl.plan.evaluate import evaluate
from vmdsl.plan.load import load

RECIPE = (Path(__file__).parents[3] / "recipes/announcement.py").read_text(encoding="utf-8")
STATUS = """\
Package: curl
Status: install ok installed
Version: 8.1-2
Description: a tool: this and that
 of two lines

Package: gone
Status: deinstall ok config-files
Version: 1

Package: tree
Status: install ok installed
Version: 2.0
"""


@pytest.mark.parametrize(
    "change", [rounds.another_line, rounds.with_packages("tree", "curl"), rounds.of_size(400)]
)
def test_changed_recipes_are_recipes(change: rounds.Change) -> None:
    changed = change(RECIPE)
    assert changed != RECIPE
    compile(changed, "recipe", "exec")


def test_a_recipe_that_has_become_another_is_noticed() -> None:
    with pytest.raises(ValueError, match="0 times"):
        rounds.another_line("")


def test_packages_of_two_images() -> None:
    theirs = parse(STATUS)
    assert theirs == {"curl": "8.1-2", "tree": "2.0"}
    assert differences({"curl": "8.1-2", "less": "1", "tree": "2.1"}, {**theirs, "vim": "9"}) == [
        "only vmdsl: less",
        "only vmdb2: vim",
        "tree: vmdsl 2.1, vmdb2 2.0",
    ]


def test_partitions_of_sfdisk() -> None:
    table = {"partitiontable": {"label": "dos", "partitions": [{"start": 2048, "size": 8}]}}
    assert partitions(table) == [(2**20, 4096)]
    assert partitions({"partitiontable": {"label": "dos"}}) == []


def test_a_rate_is_kept_by_all_together() -> None:
    now = [0.0]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    rate = Rate(1000, clock=lambda: now[0], sleep=sleep)
    for _ in range(5):
        rate.spend(500)
    assert now[0] == pytest.approx(2.0)
    now[0] += 100.0  # what was not used is not saved up
    slept.clear()
    rate.spend(500)
    rate.spend(500)
    assert slept == [pytest.approx(0.5)]


@pytest.mark.parametrize(
    ("words", "own"),
    [
        ("/e/bin/python /e/bin/vmdsl build r.py", True),
        ("/e/bin/python -P -X utf8 -m vmdsl.builder.inner", True),
        ("/e/bin/python -P -m mypy r.py", False),
        ("mke2fs -d /e/bin/python", False),
        ("", False),
    ],
)
def test_which_processes_are_our_own(words: str, own: bool) -> None:  # noqa: FBT001
    assert is_own(words.split(" "), Path("/e")) == own


def test_a_recipe_of_many_steps(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.py"
    recipe.write_text(checks.recipe_of(60), encoding="utf-8")
    loaded = load(recipe)
    assert len(loaded.steps) == 60
    assert [*loaded.problems, *evaluate(loaded, {}).problems] == []
