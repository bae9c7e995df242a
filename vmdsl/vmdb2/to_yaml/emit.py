"""YAML as vmdb2 reads it: every text is a template of Jinja2, which removes its last newline."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


class Template(str):
    """A text that is meant for Jinja2 as it stands. All others are escaped."""

    __slots__ = ()


class Octal(int):
    """A number that is written in octal."""


Value = str | int | Sequence["Value"] | Mapping[str, "Value"]
#: A step's keys in the order in which they are written.
Keys = Mapping[str, Value]


@dataclass(frozen=True, kw_only=True)
class YamlStep:
    """A step."""

    keys: Keys


#: Strings that need no quotes in YAML 1.1, in which `yes`, `1_0` and `1:30` are not strings.
_WORD = r"[a-z0-9/_.+@%=,;^-]+(?::[a-z0-9/_.+@%=,;^-]+)*"
_PLAIN = re.compile(
    rf"(?!(?:y|n|yes|no|on|off|true|false|null)$)(?=[a-z/_]){_WORD}(?: {_WORD})*"
    r"|-?[0-9]+(?:[kmgt]i?b?|%|s)",
    re.IGNORECASE | re.ASCII,
)
#: Characters that begin something in Jinja2, or that it changes, such as line breaks.
_JINJA = re.compile(r"\{+[{%#\r]|\r")
_BEFORE_A_MARK = re.compile(rf"{_JINJA.pattern}|\{{+\Z")
#: Neither YAML nor a person's editor leaves these alone.
_UNPRINTABLE = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_WIDTH = 78
_KEY = 10  # about as long as a key is


def escaped(text: str, *, is_last: bool = True) -> str:
    """Return a template's part that gives just this text. Braces follow one that isn't the last."""
    pattern = _JINJA if is_last else _BEFORE_A_MARK
    return pattern.sub(lambda found: "{{ " + repr(found[0]) + " }}", text)


def emit(header: Sequence[str], steps: Sequence[YamlStep]) -> str:
    """Return the whole file, with empty lines between steps."""
    lines = [f"# {line}".rstrip() for line in header]
    lines.append("steps:")
    for step in steps:
        if lines[-1] and lines[-1] != "steps:":
            lines.append("")
        mark = "  - "
        for key, value in step.keys.items():
            first, *more = _written(value, 4, is_script=key == "shell")
            lines += [f"{mark}{key}:{first}", *more]
            mark = "    "
    return "\n".join(lines) + "\n"


def _written(value: Value, indent: int, *, is_script: bool = False) -> Iterator[str]:
    """Yield the lines of a value: what follows the colon, and those below."""
    margin = " " * indent
    if isinstance(value, str):
        yield from _text(value, margin, is_script=is_script)
    elif isinstance(value, bool | int):
        yield f" {_number(value)}"
    elif isinstance(value, Mapping):
        yield "" if value else " {}"
        for key, inner in value.items():
            first, *more = _written(inner, indent + 2)
            yield f"{margin}  {_scalar(key, in_list=True)}:{first}"
            yield from more
    else:
        yield from _list(value, indent)


def _list(values: Sequence[Value], indent: int) -> Iterator[str]:
    if not any(isinstance(value, Mapping) or _is_list(value) for value in values):
        items = [_item(value) for value in values]
        line = f" [{', '.join(items)}]"
        if len(line) + indent + _KEY <= _WIDTH or not values:
            yield line
            return
    yield ""
    margin = " " * (indent + 2)
    for value in values:
        if isinstance(value, Mapping) or _is_list(value):
            first, *more = _written(value, indent + 2)
            yield f"{margin}-{first}"
            yield from more
        else:
            yield f"{margin}- {_item(value)}"


def _is_list(value: Value) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _item(value: Value) -> str:
    if isinstance(value, str):
        source = _source(value)
        return _scalar(source, in_list=True)
    assert isinstance(value, int)  # noqa: S101 (the caller knows)
    return _number(value)


def _number(value: int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"0{int(value):o}" if isinstance(value, Octal) else str(value)


def _source(text: str) -> str:
    """Return the template of a text, which loses one newline at its end."""
    if isinstance(text, Template):
        return text
    return escaped(text) + ("\n" if text.endswith("\n") else "")


def _text(text: str, margin: str, *, is_script: bool) -> Iterator[str]:
    """Yield a text; the last newline of a script may be lost."""
    source = _source(text)
    if "\n" not in source or _UNPRINTABLE.search(source) or not source.strip():
        yield f" {_scalar(source)}"
        return
    inset = "2" if source.lstrip("\n").startswith(" ") else ""
    end = "+" if source.endswith("\n") else "" if is_script else "-"
    yield f" |{inset}{end}"
    for line in source.removesuffix("\n").split("\n"):
        yield f"{margin}  {line}" if line else ""


def _scalar(source: str, *, in_list: bool = False) -> str:
    if _PLAIN.fullmatch(source) and not (in_list and ("," in source or ":" in source)):
        return source
    if re.search(r'["\\]', source) and not re.search(rf"[\n\t]|{_UNPRINTABLE.pattern}", source):
        quoted = source.replace("'", "''")
        return f"'{quoted}'"
    text = json.dumps(source, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\U{ord(found[0]):08x}", text)
