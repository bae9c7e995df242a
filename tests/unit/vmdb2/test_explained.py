"""The specifications of explanations: wrong ones have that mistake alone, right ones have none."""

from pathlib import Path

import pytest

from vmdsl.errors import RecipeError
from vmdsl.explanations.codes import Example, explanations
from vmdsl.vmdb2.load import SpecificationError, load_specification

STEPS = {
    "nothing": "",
    "steps": "steps:\n",
    "image": """- mkimg: "{{ output }}"\n  size: 4G\n""",
    "partition": """- mklabel: gpt
  device: "{{ output }}"
- mkpart: primary
  device: "{{ output }}"
  start: 0%
  end: 100%
  tag: root
""",
    "formatted": "- mkfs: ext4\n  partition: root\n",
    "mounted": "- mount: root\n",
    "system": "- debootstrap: trixie\n  target: root\n  mirror: https://mirror.example/debian\n",
}
#: Steps that stand below examples, so that nothing else is wrong.
BELOW = {"partition": "- mount: root\n"}
IN_YAML = [
    pytest.param(code, example, id=f"{code}-{'wrong' if example.is_wrong else 'right'}")
    for code, explanation in explanations().items()
    for example in explanation.examples
    if example.language == "yaml"
]


@pytest.mark.parametrize(("code", "example"), IN_YAML)
def test_specification(code: str, example: Example, tmp_path: Path) -> None:
    names = list(STEPS)
    above = "".join(STEPS[name] for name in names[: names.index(example.after) + 1])
    text = above + example.code + BELOW.get(example.after, "")
    try:
        loaded = load_specification(
            text,
            tmp_path / "pc.vmdb",
            directory=tmp_path,
            variables={"output": "pc.img", "image": "pc.img"},
        )
        found = [*loaded.warnings]
        if not found:
            found += loaded.plan({}).warnings
    except SpecificationError as error:
        found = list(error.problems)
    except RecipeError as error:
        found = list(error.problems)
    assert [one.code for one in found] == ([code] if example.is_wrong else []), found
