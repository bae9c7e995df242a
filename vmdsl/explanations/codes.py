"""The codes of mistakes, and what `vmdsl explain` says of each: a wrong way and a right one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_BLOCK = re.compile(r"(Wrong|Right):\n\n```(\w+)(?: after=(\w+))?\n(.*?)```\n", re.DOTALL)
_SUFFIX = ".md"


@dataclass(frozen=True, kw_only=True)
class Example:
    """Code with the mistake, or with it mended. `after` names the steps that stand before it."""

    code: str
    language: str
    after: str
    is_wrong: bool


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """An explanation of a code: its title, its text in Markdown, and the examples in the text."""

    code: str
    title: str
    text: str
    examples: tuple[Example, ...]


@cache
def explanations() -> Mapping[str, Explanation]:
    """Return all explanations by their codes, in the order of the alphabet."""
    found = files("vmdsl.explanations") / "texts"
    texts = {
        file.name.removesuffix(_SUFFIX): file.read_text(encoding="utf-8")
        for file in found.iterdir()
        if file.name.endswith(_SUFFIX)
    }
    return {code: _read(code, texts[code]) for code in sorted(texts)}


def _read(code: str, text: str) -> Explanation:
    title, _, rest = text.partition("\n\n")
    examples = tuple(
        Example(code=block, language=language, after=after or "", is_wrong=word == "Wrong")
        for word, language, after, block in _BLOCK.findall(rest)
    )
    shown = re.sub(r"(?m)^```(\w+) after=\w+$", r"```\1", rest)
    return Explanation(code=code, title=title.removeprefix("# "), text=shown, examples=examples)
