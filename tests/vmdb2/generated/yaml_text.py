"""Steps as YAML, in all its styles, with comments anywhere."""

from __future__ import annotations

import io
from collections.abc import Sequence
from random import Random

import yaml
from hypothesis import strategies as st

from vmdb2.generated.disks import Step

_COMMENTS = ["# a comment", "#", '# """ \\', "#!", "# {{ it's", "# type: ext4"]
_MERGE = "tag:yaml.org,2002:merge"
_STR = "tag:yaml.org,2002:str"
_FEW = 4


@st.composite
def written(draw: st.DrawFn, steps: Sequence[Step]) -> str:
    """The steps as YAML. Read again, they are the same.

    Looks are chosen by a number, as Hypothesis would take long to choose each.
    """
    is_odd = draw(st.booleans())
    looks = Random(draw(st.integers(0, 2**32)))  # noqa: S311 (the same for the same number)
    shuffled = [dict(looks.sample(list(step.items()), len(step))) for step in steps]
    plain = _plainly(looks, shuffled)
    return _oddly(looks, {"steps": shuffled}) or plain if is_odd else plain


def _plainly(looks: Random, steps: Sequence[Step]) -> str:
    lines = ["steps:"]
    for step in steps:
        comment = looks.choice(["", "", *_COMMENTS, "\n\n# another"])
        width = looks.choice([20, 1000])
        text = yaml.safe_dump([step], sort_keys=False, width=width, allow_unicode=True)
        lines += [*comment.splitlines(), text.rstrip("\n")]
    return "\n".join([*lines, ""])


def _oddly(looks: Random, wanted: dict[str, list[Step]]) -> str:
    representer = yaml.SafeDumper(io.StringIO())
    representer.ignore_aliases = lambda data: True  # type: ignore[method-assign] # noqa: ARG005
    representer.sort_keys = False
    node = representer.represent_data(wanted)
    _style(looks, node)
    if looks.random() < 1 / 3:
        _share(looks, node)
    text = yaml.serialize(
        node,
        Dumper=yaml.SafeDumper,
        allow_unicode=looks.random() < 1 / 2,
        width=looks.choice([20, 80, 1000]),
        indent=looks.choice([2, 4]),
        explicit_start=looks.random() < 1 / 5,
    )
    for _ in range(looks.randrange(3)):
        text = _commented(looks, text, wanted)
    return text if _is(text, wanted) else ""


def _style(looks: Random, node: yaml.Node) -> None:
    """Give each value a style. PyYAML takes another one where that cannot be."""
    match node:
        case yaml.ScalarNode(tag=tag) if tag == _STR:
            node.style = looks.choice([None, None, "'", '"', "|", "|", ">"])
        case yaml.SequenceNode():
            node.flow_style = len(node.value) < _FEW and looks.random() < 1 / 3
            for item in node.value:
                _style(looks, item)
        case yaml.MappingNode():
            is_all = any(key.value == "steps" for key, _ in node.value)
            node.flow_style = not is_all and looks.random() < 1 / 3
            for key, value in node.value:
                key.style = looks.choice([None, None, None, "'", '"'])
                _style(looks, value)


def _share(looks: Random, node: yaml.Node) -> None:
    """Let equal texts be aliases of the first, and some steps have a key from elsewhere."""
    first: dict[str, yaml.ScalarNode] = {}
    steps = node.value[0][1].value
    for step in steps:
        for at, (key, value) in enumerate(step.value):
            if isinstance(value, yaml.ScalarNode) and value.tag == _STR:
                step.value[at] = (key, first.setdefault(value.value, value))
    if looks.random() < 1 / 2:
        name, value = looks.choice([pair for step in steps for pair in step.value])
        common = yaml.MappingNode("tag:yaml.org,2002:map", [(name, value)], flow_style=True)
        node.value.insert(0, (yaml.ScalarNode(_STR, "common"), common))
        for step in steps:
            rest = [(k, v) for k, v in step.value if k.value != name.value or v is not value]
            if len(rest) < len(step.value):
                step.value = [(yaml.ScalarNode(_MERGE, "<<"), common), *rest]


def _commented(looks: Random, text: str, wanted: dict[str, list[Step]]) -> str:
    """The text with one more comment, where that changes nothing."""
    lines = text.split("\n")
    at, comment = looks.randrange(len(lines)), looks.choice(_COMMENTS)
    if looks.random() < 1 / 2:
        lines.insert(at, f"{' ' * looks.randrange(7)}{comment}")
    else:
        lines[at] += f"  {comment}"
    new = "\n".join(lines)
    return new if _is(new, wanted) else text


def _is(text: str, wanted: dict[str, list[Step]]) -> bool:
    try:
        found = yaml.load(text, Loader=yaml.CSafeLoader)
        return bool(found["steps"] == wanted["steps"])
    except yaml.YAMLError:
        return False
