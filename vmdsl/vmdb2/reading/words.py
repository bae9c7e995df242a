"""How messages show a value of YAML 1.1, and what it is taken for."""

from __future__ import annotations

import json
import re
from datetime import date

import yaml

from vmdsl.vmdb2.reading.nodes import Node, Scalar

KINDS = {
    "int": "a whole number",
    "float": "a number with a point",
    "bool": "true or false",
    "null": "nothing",
    "timestamp": "a date",
    "map": "a mapping",
    "seq": "a list",
}
#: What a plain `=` and a plain `<<` are.
SIGNS = ("value", "merge")
_MOST_SHOWN = 40


def shown(node: Node) -> str:
    """A value as a message shows it, and what YAML takes it for."""
    if not isinstance(node, Scalar):
        return KINDS.get(node.tag, f"something with the tag {node.tag}")
    text = " ".join(node.value.split())
    text = text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]} ..."
    if node.tag == "str":
        return f"the text {quoted(text)}"
    if node.tag == "null":
        return "nothing"
    return f"{text}, which {_taken_for(node)}"


def _taken_for(node: Scalar) -> str:
    value = integer(node) if node.tag == "int" else None
    if value is not None and str(value) != node.value:
        return f"YAML takes for the number {value}"
    if node.tag == "timestamp" and not _is_date(node.value):
        return "YAML takes for a date that does not exist"
    if node.tag in SIGNS:
        return "is a sign of YAML's own"
    return f"YAML takes for {KINDS[node.tag]}" if node.tag in KINDS else f"has the tag {node.tag}"


def quoted(text: str) -> str:
    """A text in double quotes, as YAML has it."""
    return json.dumps(text, ensure_ascii=False)


def integer(node: Scalar) -> int | None:
    """The number that YAML 1.1 makes of a scalar; None where even that fails."""
    try:
        return int(yaml.SafeLoader("").construct_yaml_int(yaml.ScalarNode(node.tag, node.value)))
    except (ValueError, IndexError):
        return None


def _is_date(text: str) -> bool:
    found = re.match(r"(\d{4})-(\d\d?)-(\d\d?)", text)
    try:
        return bool(found and date(*map(int, found.groups())))
    except ValueError:
        return False


def number_hint(node: Node, key: str, *, octal: bool) -> str:
    """How to write a number where something else stands; with `octal`, the mode of a file."""
    text = node.value if isinstance(node, Scalar) else ""
    if octal:
        found = re.fullmatch(r"\s*0?o?0*([0-7]{1,4})\s*", text)
        digits = f"0{found[1]}" if found else "0644"
        return f"write it as octal, without quotes: {key}: {digits}"
    found = re.fullmatch(r"\s*(\d+)(\.0*)?\s*", text)
    return f"write it without quotes: {key}: {found[1] if found else '0'}"
