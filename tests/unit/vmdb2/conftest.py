from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from vmdsl.errors import Advice
from vmdsl.language.operation import Operation
from vmdsl.plan.evaluate import evaluate
from vmdsl.plan.load import load
from vmdsl.vmdb2.draft import Draft
from vmdsl.vmdb2.to_python.source import to_python


@pytest.fixture
def operations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, Operation]]:
    """Write a draft as a recipe, and evaluate that: the last operation of each step."""
    monkeypatch.setattr(sys, "path", list(sys.path))

    def evaluated(draft: Draft, **values: object) -> dict[str, Operation]:
        path = tmp_path / "recipe.py"
        path.write_text(to_python(draft), encoding="utf-8", newline="")
        recipe = load(path)
        found = evaluate(recipe, values)
        problems = (*recipe.problems, *found.problems)
        assert [problem for problem in problems if not isinstance(problem, Advice)] == []
        return {operation.name: operation for operation in found.operations}

    return evaluated
