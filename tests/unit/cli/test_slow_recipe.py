"""Where a recipe is that does not end, and where it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from vmdsl.cli import slow_recipe
from vmdsl.cli.slow_recipe import watched


class Timer:
    """A timer whose time is over when the recipe calls `wait()`."""

    daemon = False
    over: Callable[[], None]

    def __init__(self, seconds: float, function: Callable[[], None]) -> None:
        del seconds
        Timer.over = staticmethod(function)

    def start(self) -> None:
        pass

    def cancel(self) -> None:
        pass


@pytest.fixture
def run_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Run code as that of a recipe, watched."""
    monkeypatch.setattr(slow_recipe, "Timer", Timer)
    monkeypatch.chdir(tmp_path)

    def run(text: str) -> None:
        with watched(Path("recipe.py")):
            code = compile(text, str(tmp_path / "recipe.py"), "exec")
            exec(code, {"wait": Timer.over})  # noqa: S102 (as a recipe)

    return run


def test_a_loop_is_shown(
    run_recipe: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    run_recipe("def helper():\n    wait()\n\ndef disk():\n    helper()\n\nhelper()\n")
    said = capsys.readouterr().err
    assert said == "vmdsl: recipe.py:2 is still running; Ctrl-C ends it\n"


def test_interrupted(run_recipe: Callable[[str], None], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_recipe("x = 1\nraise KeyboardInterrupt\n")
    assert capsys.readouterr().err == "vmdsl: recipe.py:2 was running\n"


def test_the_step_is_named() -> None:
    code = compile("import sys\ndef disk():\n    return sys._getframe()\n", "/r.py", "exec")
    names: dict[str, Callable[[], object]] = {}
    exec(code, names)  # noqa: S102 (as a recipe)
    frame = names["disk"]()
    assert slow_recipe._place([(frame, 3)], "/r.py") == "3: step disk"  # type: ignore[list-item]
    assert slow_recipe._place([(frame, 3)], "/other.py") == ""  # type: ignore[list-item]
