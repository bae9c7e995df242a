"""Specifications that people wrote, in the folder that VMDSL_CORPUS names."""

from __future__ import annotations

import os
from pathlib import Path

import jinja2
import pytest
import yaml

from vmdsl.errors import RecipeError
from vmdsl.vmdb2.reading.read import read
from vmdsl.vmdb2.reading.step_kinds import GONE

FOLDER = os.environ.get("VMDSL_CORPUS", "")
VARIABLES = {"output": "out.img", "image": "in.img", "rootfs_tarball": "rootfs.tar"}
FILES = sorted(path for path in Path(FOLDER).iterdir() if path.suffix != ".md") if FOLDER else []

pytestmark = pytest.mark.skipif(
    not FILES, reason="VMDSL_CORPUS names no folder with specifications: a test of each is skipped"
)


def is_yaml(text: str) -> bool:
    try:
        yaml.safe_load(text)
    except yaml.YAMLError:
        return False
    return True


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_reads(path: Path) -> None:
    text = path.read_text("utf-8")
    variables = VARIABLES
    if not is_yaml(text):
        with pytest.raises(RecipeError, match="this is a template"):
            read(text, path, variables)
        return
    got = read(text, path, variables, lenient=True)
    if has_gone(text):
        assert got.problems
        return
    assert got.problems == ()
    assert len(got.spec.steps) == len(yaml.safe_load(text)["steps"])
    for step in got.spec.steps:
        for place in [step.where, *step.places.values()]:
            assert place.path.startswith("$.steps[")
            assert text.splitlines()[place.line - 1][place.column - 1 :].strip()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_values_are_those_of_vmdb2(path: Path) -> None:
    """PyYAML loads a file, and Jinja2 fills in its texts, as in vmdb2."""
    text = path.read_text("utf-8")
    if not is_yaml(text) or has_gone(text):
        return
    variables = VARIABLES
    got = read(text, path, variables, lenient=True).spec.steps
    for step, loaded in zip(got, yaml.safe_load(text)["steps"], strict=True):
        for name, place in step.places.items():
            key = place.path.rpartition(".")[2]
            if key != "unless":
                assert _as_list(vars(step)[name]) == _filled(loaded[key], variables), place


def has_gone(text: str) -> bool:
    """Whether a specification has a step that vmdb2 has not, or not any more."""
    return any(GONE.keys() & set(step) for step in yaml.safe_load(text)["steps"])


def _filled(value: object, variables: dict[str, str]) -> object:
    if isinstance(value, dict):
        return {key: _filled(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, variables) for item in value]
    return jinja2.Template(value).render(variables) if isinstance(value, str) else value


def _as_list(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def test_every_comment_is_kept() -> None:
    """As many as there are lines that begin with `#` and that YAML takes for nothing else."""
    for path in FILES:
        text = path.read_text("utf-8")
        if not is_yaml(text):
            continue
        spec = read(text, path, {"output": "", "image": ""}, lenient=True).spec
        kept = [*spec.comments, *(c for step in spec.steps for c in step.comments), *spec.closing]
        shown: set[int] = set()
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            if isinstance(token, yaml.ScalarToken):
                shown |= set(range(token.start_mark.line, token.end_mark.line))
        lines = [
            line.strip().removeprefix("#").removeprefix(" ")
            for number, line in enumerate(text.splitlines())
            if line.strip().startswith("#") and number not in shown
        ]
        rest = iter(kept)
        assert all(line in rest for line in lines), path.name
