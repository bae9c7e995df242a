"""Templates: what vmdb2 makes of them, and what is said where that is not what was meant."""

from __future__ import annotations

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmdsl.vmdb2.reading.jinja import Templates
from vmdsl.vmdb2.text import Variable

VARIABLES = {"output": "pc.img", "image": "old.img", "hostname": "pc"}
OUTPUT, HOSTNAME = Variable("output"), Variable("hostname")
TEMPLATES = Templates(VARIABLES, "amd64")


@pytest.mark.parametrize(
    ("source", "value", "parts"),
    [
        ("", "", ("",)),
        ("plain", "plain", ("plain",)),
        ("a\n", "a", ("a",)),
        ("a\n\n", "a\n", ("a\n",)),
        ("a\r\nb\rc", "a\nb\nc", ("a\nb\nc",)),
        ("100% {x} }}", "100% {x} }}", ("100% {x} }}",)),
        ("{{ output }}", "pc.img", (OUTPUT,)),
        ("{{output}}\n", "pc.img", (OUTPUT,)),
        ("dd of={{ output }} x\n", "dd of=pc.img x", ("dd of=", OUTPUT, " x")),
        ("a {{- output -}} b", "apc.imgb", ("a", OUTPUT, "b")),
        ("{{ hostname }}{{ output }}", "pcpc.img", (HOSTNAME, OUTPUT)),
        ("{% raw %}${#x} {{ y }}{% endraw %}", "${#x} {{ y }}", ("${#x} {{ y }}",)),
        ("{{ '{{' }} {{ 'it' }}", "{{ it", ("{{ it",)),
        ("a{# a comment #}b", "ab", ("ab",)),
        ("{{ 5 }} {{ none }}", "5 None", ("5 None",)),
        ("{{ output | upper }}", "PC.IMG", None),
        ("{{ output.replace('.img', '') }}", "pc", None),
        ("{{ x | default('y') }}", "y", None),
        ("{% if x is defined %}a{% else %}b{% endif %}", "b", None),
        ("{% for i in range(3) %}{{ i }}{% endfor %}", "012", None),
        ("{% set a = 'b' %}{{ a }}", "b", None),
        ("{{ hostname if hostname else 'x' }}", "pc", None),
    ],
)
def test_filled(source: str, value: str, parts: tuple[str | Variable, ...] | None) -> None:
    filled = TEMPLATES.fill(source)
    assert filled.faults == ()
    assert (filled.value, filled.parts) == (value, parts)
    assert jinja2.Template(source).render(VARIABLES) == value


@pytest.mark.parametrize(
    ("source", "offset", "what", "hint"),
    [
        (
            "a {{ outptu }}",
            5,
            "no variable is named outptu",
            "did you mean output? or give it with ",
        ),
        ("a {{ outptu }}", 5, "vmdb2 makes it empty", "write {% raw %}{{ outptu }}{% endraw %}"),
        ("{{ suite }}", 3, "no variable is named suite", "give it with --variable suite=VALUE"),
        ("{{suite}}", 2, "no variable is named suite", "write {% raw %}{{suite}}{% endraw %}"),
        ("{{ rootfs_tarball }}", 3, "rootfs_tarball is not given", "give --rootfs-tarball FILE"),
        ("{% if suite %}x{% endif %}", 6, "no variable is named suite", "--variable suite="),
        ("{{ suite | upper }}", 3, "no variable is named suite", "--variable suite="),
        ("{{ output }}\nawk '{{print}}'", 20, "named print", "{% raw %}{{print}}{% endraw %}"),
        (
            "awk '{{print $1}}' x",
            5,
            "this is not a template that",
            "{% raw %}{{print $1}}{% endraw %}",
        ),
        ("{{ .Name }}", 0, "this is not a template", "{% raw %}{{ .Name }}{% endraw %}"),
        ("{{ }}", 0, "this is not a template", "{% raw %}{{ }}{% endraw %}"),
        ("{{ output", 0, "this is not a template", ""),
        ("date +{%Y}", 6, "this is not a template", "{% raw %}"),
        ("{{ output | nothing }}", 0, "No filter named 'nothing'", ""),
        ("{{ [1, 2] | random }}", 0, "No filter named 'random'", ""),
        ("{{ lipsum() }}", 3, "no variable is named lipsum", ""),
        (
            "echo ${#x}",
            5,
            "begins a comment of Jinja2, which vmdb2 finds no end",
            "{% raw %}${#x}{% e",
        ),
        ("echo {#x", 5, "`{#` begins a comment", ""),
        (
            "${#a[@]} b {# c #}",
            0,
            "and vmdb2 drops all until `#}`",
            "{% raw %}${#a[@]}{% endraw %}",
        ),
        ("x {{ tags }}", 5, "{{ tags }} is something of vmdb2's own", "another name"),
        ("{{ output.nothing }}", 0, "has no attribute 'nothing'", "vmdb2 makes that empty"),
        ("{{ ''.__class__ }}", 0, "the template fails: access to attribute", ""),
        ("{{ 1 / 0 }}", 0, "the template fails: division by zero", "vmdb2 fails too"),
        ("{% include 'x' %}", 0, "the template fails: no loader", "vmdb2 fails too"),
        (f"{{{{ {'(' * 3000} }}}}", 0, "", ""),
    ],
)
def test_fault(source: str, offset: int, what: str, hint: str) -> None:
    (fault,) = TEMPLATES.fill(source).faults
    assert what in fault.what
    assert hint in fault.hint
    assert fault.offset == offset
    assert fault.wrong


def test_each_undefined_variable_is_told() -> None:
    faults = TEMPLATES.fill("{{ a }} {{ b }} {{ a }} {{ output }}").faults
    assert [(fault.offset, fault.what.partition(";")[0]) for fault in faults] == [
        (3, "no variable is named a"),
        (11, "no variable is named b"),
    ]


def test_arch_has_quotes() -> None:
    filled = Templates({"arch": "mine"}, "armhf").fill("x {{ arch }}")
    assert filled.value == "x 'armhf'"
    assert filled.parts == ("x ", "'armhf'")
    (fault,) = filled.faults
    assert not fault.wrong
    assert "{{ arch }} is 'armhf', with the quotes" in fault.what


PIECES = ["{{", "}}", "{%", "%}", "{#", "#}", "$", "#", "-", " ", "\n", "'", "(", "|"]
PIECES += [
    "raw",
    "endraw",
    "if",
    "endif",
    "output",
    "hostname",
    "x",
    "self",
    "range",
    "{{ output }}",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_strictly_as_vmdb2(source: str) -> None:
    """What is taken at all is taken as vmdb2 does; nothing escapes."""
    filled = TEMPLATES.fill(source)
    assert all(0 <= fault.offset <= len(source) for fault in filled.faults)
    if not filled.faults:
        assert filled.value == jinja2.Template(source).render(VARIABLES)
    if filled.parts is not None:
        parts = (p if isinstance(p, str) else VARIABLES[p.name] for p in filled.parts)
        assert "".join(parts) == filled.value


@given(st.text())
def test_text_without_marks_stays(source: str) -> None:
    filled = TEMPLATES.fill(source)
    if not filled.faults:
        assert filled.value == jinja2.Template(source).render(VARIABLES)


def test_all_that_is_wrong_with_a_text_is_told() -> None:
    source = "echo ${#a}\nawk '{{print $1}}'\n{{ b }} {{ c | upper }}\necho ${#d}\n"
    faults = TEMPLATES.fill(source).faults
    assert sorted(fault.offset for fault in faults) == [
        source.index(word) for word in ("${#a", "{{print", "b }}", "c |", "${#d")
    ]
