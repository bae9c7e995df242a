"""Plain English in docstrings and messages, as far as that can be checked: see CONTRIBUTING.md."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
FILES = sorted(
    path
    for folder in ("vmdsl", "stdlib", "recipes")
    for path in (REPOSITORY / folder).rglob("*.py")
)

#: First words of a sentence that names or describes a thing, where a verb should be.
NO_VERB = re.compile(
    r"(A|All|An|Another|Any|As|At|Both|By|Each|Every|For|From|How|If|In|Is|Its?|Just|Like|More|No|"
    r"None|Not|Of|On|One|Only|Others?|Out|Some|Such|That|The|Their|These|They|This|Those|To|Two|"
    r"What|Whatever|When|Where|Whether|Which|Who|Whose|Why|With|Without)\b|`|[A-Z]?[a-z]+[^s]s\b"
)
#: `x is no y`; but `there is no y`, and `it is no longer y`.
IS_NO = re.compile(r"(?<![Tt]here )\b(is|are|was|were) no (?!longer\b|more\b|less\b|larger\b)")
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@functools.cache
def nodes() -> tuple[tuple[str, ast.AST], ...]:
    """Every node of the code that has a text, with its place."""
    return tuple(
        (f"{path.relative_to(REPOSITORY)}:{getattr(node, 'lineno', 1)}", node)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, (*_DOCUMENTED, ast.Constant))
    )


def docstrings() -> Iterator[tuple[str, Documented, str]]:
    for place, node in nodes():
        if isinstance(node, _DOCUMENTED) and (text := ast.get_docstring(node)):
            yield place, node, text


def is_property(node: Documented) -> bool:
    decorators = getattr(node, "decorator_list", [])
    return any("property" in ast.unparse(decorator) for decorator in decorators)


def begins_with_a_verb(text: str) -> bool:
    """Whether a sentence may be an imperative: `Return`, not `Returns`."""
    return not NO_VERB.match(text)


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("Return the size.", True),
        ("Pass it on.", True),
        ("Allow it.", True),
        ("Returns the size.", False),
        ("What is there.", False),
        ("The size.", False),
        ("`size` columns.", False),
    ],
)
def test_a_verb(text: str, *, begins: bool) -> None:
    assert begins_with_a_verb(text) == begins


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("this is no path", True),
        (" are no partitions", True),
        ("There is no path", False),
        ("there are no partitions", False),
        ("it is no longer there", False),
        ("it is not a path", False),
    ],
)
def test_is_no(text: str, *, found: bool) -> None:
    assert bool(IS_NO.search(text)) == found


def test_functions_are_described_with_a_verb() -> None:
    wrong = [
        f"{place} {text.splitlines()[0]}"
        for place, node, text in docstrings()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not is_property(node)
        and not begins_with_a_verb(text)
    ]
    assert wrong == []


def test_docstrings_stand_alone() -> None:
    begun = ("The same", "Such a", "The other", "Another", "Likewise", "What ", "How ")
    wrong = [f"{place} {text}" for place, _, text in docstrings() if text.startswith(begun)]
    assert wrong == []


def test_nothing_is_no_thing() -> None:
    wrong = [
        f"{place} {node.value}"
        for place, node in nodes()
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and IS_NO.search(node.value)
    ]
    assert wrong == []
