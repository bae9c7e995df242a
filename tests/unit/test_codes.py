"""Every problem that vmdsl makes has the code of its kind."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from vmdsl import errors
from vmdsl.explanations.codes import explanations
from vmdsl.plan import hints

REPOSITORY = Path(__file__).parents[2]
FILES = [p for part in ("vmdsl", "stdlib") for p in sorted((REPOSITORY / part).rglob("*.py"))]
#: Functions and classes that take a `code`, and methods; not the command line's of the same names.
MAKERS = {"Problem", "Advice", "Crash", "Missing", "problem_in", "refuse", "warn", "misused"}
METHODS = {"problem", "warn", "wrong", "odd"}
SLUG = re.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*")
ERRORS = {name for name in vars(errors) if name.endswith("Error")}


def without_code(file: Path) -> Iterator[int]:
    for node in ast.walk(ast.parse(file.read_bytes())):
        if not isinstance(node, ast.Call) or any(k.arg in ("code", None) for k in node.keywords):
            continue
        match node.func:
            case ast.Name(id=name) if name in MAKERS and "cli" not in file.parts:
                yield node.lineno
            case ast.Attribute(attr=name) if name in METHODS:
                yield node.lineno
            case ast.Name(id=name) if name in ERRORS:
                texts = (ast.Constant, ast.JoinedStr, ast.Name)
                named = [a for a in node.args if isinstance(a, texts)]
                if any(not isinstance(a, ast.Name) or a.id == "what" for a in named):
                    yield node.lineno


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(REPOSITORY)))
def test_every_problem_has_a_code(file: Path) -> None:
    assert [f"{file}:{line}" for line in without_code(file)] == []


def texts_in(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def codes_in(file: Path) -> Iterator[str]:
    """The codes that are given by name: to what makes a problem, or to a variable for that."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        match node:
            case ast.keyword(arg="code") | ast.Assign(targets=[ast.Name(id="code")]):
                values = [node.value]
            case _:
                continue
        if isinstance(node.value, ast.IfExp):
            values = [node.value.body, node.value.orelse]
        found = (one.value for one in values if isinstance(one, ast.Constant))
        yield from (one for one in found if isinstance(one, str) and SLUG.fullmatch(one))


def test_every_code_has_a_text_and_every_text_a_code() -> None:
    given = {code for file in FILES for code in codes_in(file)}
    given |= {*hints.codes(), errors.OF_A_LIBRARY}
    assert sorted(given - {*explanations()}) == []
    assert sorted({*explanations()} - {text for file in FILES for text in texts_in(file)}) == []
    assert len(explanations()) > 100


@pytest.mark.parametrize("code", explanations())
def test_explanations_teach(code: str) -> None:
    """Each has a title and a reason; of its examples the wrong one comes first."""
    explanation = explanations()[code]
    assert SLUG.fullmatch(code)
    assert explanation.title
    assert not explanation.title.endswith(".")
    assert explanation.text.strip().partition("\n\nWrong:")[0].rstrip().endswith((".", "…"))
    assert [one.is_wrong for one in explanation.examples] == [True, False]
    assert explanation.examples[0].code != explanation.examples[1].code
    if explanation.examples[0].language == "console":
        assert f"[{code}]" in explanation.examples[0].code
    assert explanation.text.count("```") == 2 * len(explanation.examples)
