"""No command starts mypy here: what stands for it notes that it was begun, and ended."""

from pathlib import Path

import pytest


class TypeCheck:
    """Stands for mypy, of which one is begun for each recipe, and then ended."""

    begun: list["TypeCheck"]

    def __init__(self, path: Path, cache: Path) -> None:
        self.path, self.cache, self.ended = path, cache, False
        self.begun.append(self)

    def stop(self) -> None:
        self.ended = True


@pytest.fixture(autouse=True)
def checks(monkeypatch: pytest.MonkeyPatch) -> list[TypeCheck]:
    monkeypatch.setattr(TypeCheck, "begun", [], raising=False)
    monkeypatch.setattr("vmdsl.plan.typecheck.TypeCheck", TypeCheck)
    return TypeCheck.begun
