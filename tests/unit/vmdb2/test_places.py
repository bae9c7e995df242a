"""Places in values, whatever way they are written."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vmdsl.errors import RecipeError
from vmdsl.vmdb2.reading.read import read

FILE = Path("x.vmdb")

VALUES = [
    '"{{ bad }}"',
    "'it''s {{ bad }}'",
    "&anchor 'it''s {{ bad }}'",
    "a b {{ bad }}",
    "a\n    b\n\n    {{ bad }} c",
    '"a\\n\\t\\x20b \\u00e9\\x41 \\\n     c {{ bad }}"',
    '"a\n\n    b   {{ bad }}"',
    "'a ''\n    b {{ bad }}'",
    "|\n    a\n\n      b {{ bad }}\n",
    "|2-\n      a\n    {{ bad }}\n",
    "|+\n\n\n    {{ bad }}\n\n\n",
    ">\n    a\n    b\n\n    {{ bad }}\n",
    "> # comment {{ }}\n    a\n      {{ bad }}\n    b\n",
    "&anchor |\n    x\n    {{ bad }}\n",
    "!!str\n    '{{ bad }}'",
]


@pytest.mark.parametrize("value", VALUES)
def test_undefined_variable(value: str) -> None:
    text = f"steps:\n- echo: a\n- echo: {value}\n"
    found = read(text, FILE, {})
    (problem,) = found.problems
    line = next(n for n, line in enumerate(text.splitlines(), 1) if "bad" in line)
    assert problem.where
    assert problem.where.line == line
    assert problem.where.column == text.splitlines()[line - 1].index("bad") + 1


@given(
    st.text(st.sampled_from("ab \n'\"\\:#-é\t{}"), max_size=20),
    st.text(st.sampled_from("ab \n'\"\\:#-é\t{}"), max_size=20),
    st.sampled_from([None, '"', "'", "|", ">"]),
    st.integers(5, 40),
)
def test_any_value_in_any_style(before: str, after: str, style: str | None, width: int) -> None:
    value = f"{before}{{{{ bad }}}}{after}"
    if re.search(r"\{[{%#]|[#%}]\}", before + after) or before.endswith("{"):
        return
    text = yaml.dump(
        {"steps": [{"echo": value}]}, default_style=style, width=width, allow_unicode=True
    )
    found = read(text, FILE, {})
    problem = found.problems[0]
    assert "named bad" in problem.what, text
    assert problem.where
    assert text.splitlines()[problem.where.line - 1][problem.where.column - 1 :].startswith("bad")


@given(st.text(max_size=200))
def test_any_text_is_refused_or_read(text: str) -> None:
    with suppress(RecipeError):
        read(text, FILE, {})


WORDS = ["steps:", "- ", "\n", "  ", "mkimg: x", "size: ", "&a ", "*a", "<<: ", "{", "}", "[", "]"]
WORDS += ["'", '"', "|", ">", "\t", "#", " ", "5", "~", "yes", "!x ", "? ", ": ", ", ", "---", "é"]
WORDS += ["{{ x }}", "- mkfs: ext4\n", "  partition: a\n", "  unless: ", "- shell: |\n", "__X__"]


@given(st.lists(st.sampled_from(WORDS), max_size=25).map("".join))
def test_anything_like_a_specification_is_refused_or_read(text: str) -> None:
    try:
        found = read(f"steps:\n- echo: a\n{text}", FILE, {})
    except RecipeError as error:
        (problem,) = error.problems
        assert problem.where
        assert problem.where.line <= len(text.split("\n")) + 3
        return
    for problem in (*found.problems, *found.warnings):
        assert problem.where
        assert problem.where.path.startswith("$")
        assert problem.where.line > 0
        assert problem.where.column > 0


SCALARS = st.one_of(
    st.text(st.sampled_from("abc é:#-'\"\n|>%@&*!?,[]"), max_size=15),
    st.booleans(),
    st.integers(-5, 70000),
)


@given(
    values=st.dictionaries(
        st.text(st.sampled_from("abcxyz-_ é"), min_size=1, max_size=6),
        st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=6),
        max_size=5,
    ),
    flow=st.booleans(),
)
def test_values_are_those_of_pyyaml(values: dict[str, object], *, flow: bool) -> None:
    spec = {"steps": [{"ansible": "root", "playbook": "x.yml", "extra_vars": values}]}
    text = yaml.safe_dump(spec, default_flow_style=flow, allow_unicode=True)
    found = read(text, FILE, {})
    assert found.problems == ()
    (step,) = found.spec.steps
    loaded = yaml.safe_load(text)["steps"][0]["extra_vars"]
    assert vars(step)["extra_vars"] == _stripped(loaded)


def _stripped(value: object) -> object:
    """What vmdb2's templates make of text without templates."""
    if isinstance(value, str):
        return value.removesuffix("\n")
    if isinstance(value, list):
        return [_stripped(item) for item in value]
    if isinstance(value, dict):
        return {key: _stripped(item) for key, item in value.items()}
    return value
