"""Every problem that vmdsl makes has the code of its kind."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from vmdsl import errors

REPOSITORY = Path(__file__).parents[2]
FILES = [p for part in ("vmdsl", "stdlib") for p in sorted((REPOSITORY / part).rglob("*.py"))]
#: Functions and classes that take a `code`, and methods; not the command line's of the same names.
MAKERS = {"Problem", "Advice", "Crash", "Missing", "problem_in", "refuse", "warn", "misused"}
METHODS = {"problem", "warn", "wrong", "odd"}
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


def test_codes_are_slugs() -> None:
    texts = "".join(file.read_text("utf-8") for file in FILES)
    codes = set(re.findall(r"\bcode=\"([^/\"]+)\"", texts))
    assert len(codes) > 80
    assert [code for code in codes if not re.fullmatch("[a-z][a-z0-9]*(-[a-z0-9]+)*", code)] == []
