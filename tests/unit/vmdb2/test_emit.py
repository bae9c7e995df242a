"""Texts that are written are those that vmdb2 reads: YAML first, then Jinja2."""

from __future__ import annotations

from typing import Any

import jinja2
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vmdsl.vmdb2.to_yaml.emit import Octal, Template, Value, YamlStep, emit


def rendered(value: Any, **variables: str) -> Any:
    """As vmdb2 does it: each text by itself, with Jinja2's usual environment."""
    if isinstance(value, str):
        return jinja2.Template(value).render(**variables)
    if isinstance(value, list):
        return [rendered(one, **variables) for one in value]
    if isinstance(value, dict):
        return {key: rendered(one, **variables) for key, one in value.items()}
    return value


def read(*steps: dict[str, Value]) -> Any:
    text = emit(["A comment."], [YamlStep(keys=step) for step in steps])
    return rendered(yaml.safe_load(text)["steps"], output="disk.img")


TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.text(
    st.sampled_from("a{%#}\n\r \t'\":-")
)


@given(TEXTS, TEXTS)
def test_any_text_is_read_as_it_was(one: str, other: str) -> None:
    step: dict[str, Value] = {"a": one, "shell": other, "c": [one, other], "d": {"e": one}}
    assert read(step, {"shell": one}) == [step, {"shell": one}]


@pytest.mark.parametrize(
    "text",
    [
        *("yes", "No", "null", "~", "1", "0644", "1_000", "12:30", "2020-01-01", "1.5", "1e3", ""),
        *(".inf", "=", "<<", "-", "- a", "a: b", "a #b", "#", "&a", "*a", "!a", "%a", "@a", "`a"),
        *(
            "a b",
            "yes no",
            "a  b",
            "a: b c",
            "a :b",
            "a #b",
            "a b:",
            "-a b",
            "1 2",
            'say "x"',
            "it's",
        ),
        *("100%", "-1MiB", "64s", "4G", "a,b", "libc6:i386", "{{ x }}", "${#x}", "awk '{print}'"),
        *(
            "\n",
            "\n\n",
            " a\nb",
            "a\n b\n  ",
            "\n  a\n  ",
            "a\n\n",
            "\ta\nb",
            "a\r\nb",
            "\x00",
            "é",
            "💾",
        ),
        *(
            "a\x85b\n",
            "\ufeffa\nb",
            "a\u2028b\nc",
            "{%\n%}",
            "{{{\n{#",
            "trailing \nspace ",
            "y",
            "null\n",
        ),
    ],
)
def test_these_texts_are_read_as_they_were(text: str) -> None:
    assert read({"a": text, "b": [text], "c": {text: 1}}) == [
        {"a": text, "b": [text], "c": {text: 1}}
    ]


def test_templates_are_left_to_jinja() -> None:
    script = Template("dd of={{ output }}\n{{ '{{' }}")
    assert read({"mkimg": Template("{{ output }}"), "shell": script}) == [
        {"mkimg": "disk.img", "shell": "dd of=disk.img\n{{"}
    ]


def test_numbers_and_truths_are_no_texts() -> None:
    step: dict[str, Value] = {
        "a": Octal(0o644),
        "b": 7,
        "c": True,
        "d": [1, False],
        "e": {},
        "f": [],
    }
    assert read(step) == [step]
    assert "a: 0644\n" in emit([], [YamlStep(keys=step)])


def test_what_is_written_is_readable() -> None:
    steps: list[dict[str, Value]] = [
        {"mkimg": Template("{{ output }}"), "size": "4G"},
        {"chroot": "root", "shell": "echo one\necho two"},
        {"create-file": "/etc/hostname", "contents": "pc\n"},
        {"create-file": "/etc/motd", "contents": "one\ntwo"},
        {"apt": "install", "packages": ["curl", "nano"], "recommends": False},
        {"apt": "install", "packages": [f"package-of-a-long-name-{n}" for n in range(3)]},
        {"ansible": "root", "extra_vars": {"list": ["a", {"b": ["c d"]}], "text": "x\ny\n"}},
    ]
    assert (
        emit(["From pc.py:", "", "  run it"], [YamlStep(keys=step) for step in steps])
        == """\
# From pc.py:
#
#   run it
steps:
  - mkimg: "{{ output }}"
    size: 4G

  - chroot: root
    shell: |
      echo one
      echo two

  - create-file: /etc/hostname
    contents: |+
      pc

  - create-file: /etc/motd
    contents: |-
      one
      two

  - apt: install
    packages: [curl, nano]
    recommends: false

  - apt: install
    packages:
      - package-of-a-long-name-0
      - package-of-a-long-name-1
      - package-of-a-long-name-2

  - ansible: root
    extra_vars:
      list:
        - a
        -
          b: [c d]
      text: |+
        x
        y

"""
    )
