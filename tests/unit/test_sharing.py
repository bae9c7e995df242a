"""How the tests are divided between processes, and what these share."""

from functools import partial
from pathlib import Path

import pytest

import sharing
from sharing import LONGEST, Run, rank_of, scope_of
from users import REPOSITORY


@pytest.fixture
def longest(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ("tests/b.py", "tests/a.py::test_x[one", "tests/b.py::test_y")
    monkeypatch.setattr(sharing, "LONGEST", lines)


@pytest.mark.parametrize(
    ("test", "scope", "rank"),
    [
        ("tests/a.py::test_x[one-1]", "tests/a.py::test_x[one", 1),
        ("tests/a.py::test_x[two-1]", "tests/a.py", 3),
        ("tests/b.py::test_x", "tests/b.py", 0),
        ("tests/b.py::test_y[1]", "tests/b.py::test_y", 2),
        ("tests/c.py::test_x", "tests/c.py", 3),
    ],
)
@pytest.mark.usefixtures("longest")
def test_scopes(test: str, scope: str, rank: int) -> None:
    assert scope_of(test) == scope
    assert rank_of(test) == rank


@pytest.mark.parametrize("line", LONGEST)
def test_what_takes_longest_is_there(line: str) -> None:
    file, _, test = line.partition("::")
    name, _, parameter = test.partition("[")
    text = (REPOSITORY / file).read_text("utf-8")
    assert not test or f"def {name}(" in text
    if parameter:
        text += (REPOSITORY / file).with_name("conftest.py").read_text("utf-8")
        assert parameter.removesuffix("]") in text


def test_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is made again only if making it has failed."""
    run = Run(name="run")
    monkeypatch.setattr(Run, "folder", property(lambda _: tmp_path / "folder"))
    made: list[str] = []

    def failing() -> None:
        made.append("half")
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 (its own)
        run.once("it", failing)
    for text in ("it", "again"):
        run.once("it", partial(made.append, text))
    run.once("other", partial(made.append, "other"))
    assert made == ["half", "it", "other"]
