"""Columns of calls in a recipe."""

from pathlib import Path
from typing import Any

from vmdsl.errors import Where
from vmdsl.language.operation import Recorder

RECIPE = """\
def note(*_):
    frames.append(sys._getframe(1))
    places.append(where_in(frames[-1], file))

note(note(1), 2); ü = note(3)
note(
    4
)
"""


def test_calls_are_found_by_their_columns(tmp_path: Path) -> None:
    file = tmp_path / "recipe.py"
    places: list[Where] = []
    names: dict[str, Any] = {"frames": [], "places": places, "file": file}
    exec(f"import sys\nfrom vmdsl.language.positions import where_in\n{RECIPE}", names)  # noqa: S102 (a recipe is code)
    line = 7
    assert [(p.line, p.start, p.end) for p in places] == [
        (line, 5, 12),
        (line, 0, 16),
        (line, 23, 30),
        (line + 1, 0, -1),
    ]


def test_a_recorder_marks_the_call_of_the_recipe(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.py"
    recorder = Recorder(recipe, value_of=id, result_of=id)
    names: dict[str, Any] = {"recorder": recorder}
    exec(compile("  \nplace = [recorder.where()]", str(recipe), "exec"), names)  # noqa: S102 (a recipe is code)
    (place,) = names["place"]
    assert (place.file, place.line, place.start, place.end) == (recipe, 2, 9, 25)
