"""What is marked in a recipe's line."""

from pathlib import Path

import pytest

from vmdsl.errors import Problem, Where
from vmdsl.plan.marks import marked

LINES = """\
    apt(system(), "curl", "a b")
    mkext4(root(), label="x" * 20, options=("-m", "1"))
    create_file(system(),
        "etc/motd", "")
@step
def root() -> None:
    size = option(1)
    ü = apt(system(), "ä")
    debian(root(), "vim", "vi", suite="sid")
"""


@pytest.mark.parametrize(
    ("line", "start", "about", "meant"),
    [
        (1, 4, "packages[1]", '"a b"'),
        (1, 4, "packages", 'apt(system(), "curl", "a b")'),
        (1, 4, "", 'apt(system(), "curl", "a b")'),
        (2, 4, "label", '"x" * 20'),
        (2, 4, "options[1]", '"1"'),
        (2, 4, "device", "root()"),
        (2, 4, "inodes", 'mkext4(root(), label="x" * 20, options=("-m", "1"))'),
        (3, 4, "path", "create_file(system(),"),  # it is in another line
        (5, -1, "", "step"),
        (6, -1, "", "def root() -> None:"),
        (7, -1, "", "size = option(1)"),
        (8, 9, "packages[0]", '"ä"'),
        (9, 4, "packages[2]", 'debian(root(), "vim", "vi", suite="sid")'),  # of its apt()
        (9, 4, "packages[0]", 'debian(root(), "vim", "vi", suite="sid")'),
        (9, 4, "suite", '"sid"'),
        (1, 4, "packages[9]", 'apt(system(), "curl", "a b")'),
        (99, -1, "", None),
        (0, -1, "", None),
    ],
)
def test_marked(tmp_path: Path, line: int, start: int, about: str, meant: str | None) -> None:
    recipe = tmp_path / "recipe.py"
    recipe.write_text("def step_of_a_recipe():\n" + LINES, encoding="utf-8")
    line = line and line + 1
    where = Where(recipe, line, start=start, end=-1)
    if start >= 0:
        source = LINES.splitlines()[line - 2].encode()
        end = len(source.rstrip())
        where = Where(recipe, line, start=start, end=end)
    found = marked(Problem(what="?", where=where, about=about)).where
    assert found is not None
    if meant is None:
        assert found.start < 0
        return
    source = LINES.splitlines()[line - 2].encode()
    assert source[found.start : found.end if found.end >= 0 else None].decode() == meant


def test_not_python(tmp_path: Path) -> None:
    problem = Problem(what="?", where=Where(tmp_path / "a.vmdb", 3, 5), about="size")
    assert marked(problem) is problem


def test_a_recipe_that_cannot_be_parsed(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.py"
    recipe.write_text("def (\n")
    problem = Problem(what="?", where=Where(recipe, 1))
    assert marked(problem) == problem
