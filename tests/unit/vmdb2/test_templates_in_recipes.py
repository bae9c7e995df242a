"""Templates of a specification mean the same in the recipe that it becomes."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import pytest

from vmdsl.operations.scripts.shells import Chroot
from vmdsl.plan.evaluate import evaluate
from vmdsl.plan.load import Recipe, load
from vmdsl.vmdb2.load import load_specification
from vmdsl.vmdb2.reading.read import read
from vmdsl.vmdb2.to_python.source import to_python

SPECIFICATION = """\
steps:
  - mkimg: "{{ output }}"
    size: 4G
  - mklabel: msdos
    device: "{{ output }}"
  - mkpart: primary
    device: "{{ output }}"
    start: 0%
    end: 100%
    tag: /
  - mkfs: ext4
    partition: /
  - mount: /
  - debootstrap: trixie
    mirror: http://mirror.example/debian
    target: /
  - chroot: /
    shell: |
      SCRIPT
"""
ARCH = inspect.signature(read).parameters["arch"].default  # this machine's
VARIABLES = {"output": "pc.img", "image": "pc.img", "host": "pc", "class": "small"}


def script(recipe: Recipe, **values: object) -> str:
    found = evaluate(recipe, values)
    assert (*recipe.problems, *found.problems) == ()
    (made,) = [o for o in found.operations if isinstance(o, Chroot)]
    return made.script


@pytest.mark.parametrize(
    ("template", "expected", "for_a_big_web"),
    [
        ("echo {{ host }}", "echo pc", "echo web"),
        ("echo {{ class }}-{{ host }}", "echo small-pc", "echo big-web"),
        ("echo {{ host|upper }}", "echo PC", "echo WEB"),
        ("echo{% if class == 'big' %} -n{% endif %} \\(", "echo \\(", "echo -n \\("),
        ("echo {{ host|upper }} {{ arch }}", f"echo PC {ARCH!r}", f"echo WEB {ARCH!r}"),
        ("echo {{ size|default('4G') }}", "echo 4G", "echo 4G"),
        ("echo {% raw %}{{ x }}{% endraw %} {{ host }}", "echo {{ x }} pc", "echo {{ x }} web"),
    ],
)
def test_same_script(
    template: str,
    expected: str,
    for_a_big_web: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    text = SPECIFICATION.replace("SCRIPT", template)
    loaded = load_specification(text, tmp_path / "pc.vmdb", directory=tmp_path, variables=VARIABLES)
    path = tmp_path / "pc.py"
    path.write_text(to_python(loaded.draft))
    written = load(path)
    assert script(loaded.recipe) == script(written) == expected
    assert script(written, host="web", class_="big") == for_a_big_web


@pytest.mark.parametrize("name", ["output", "image"])
@pytest.mark.parametrize("template", ["echo {{ NAME }} >/x", "echo {{ NAME|upper }}"])
def test_names_of_the_build_are_told(template: str, name: str, tmp_path: Path) -> None:
    text = SPECIFICATION.replace("SCRIPT", template.replace("NAME", name))
    loaded = load_specification(text, tmp_path / "pc.vmdb", directory=tmp_path, variables=VARIABLES)
    written = to_python(loaded.draft)
    said = "# pc.img is written out: a recipe does not know this name.\n"
    assert f"{said}@step\n" in written
