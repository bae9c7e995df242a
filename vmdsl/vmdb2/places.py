"""Where in a specification a mistake is that was found in its plan."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from vmdsl.errors import Problem
from vmdsl.vmdb2.schema import SpecStep
from vmdsl.vmdb2.text import Text
from vmdsl.vmdb2.wording import in_yaml


def placed(problem: Problem, steps: Iterable[SpecStep], names: Mapping[str, str]) -> Problem:
    """A mistake of one of the steps, at the text of it that is named, if one is.

    It is told in the words of specifications, where the `names` of a recipe's steps are tags.
    """
    named = [
        text
        for step in steps
        if step.where == problem.where
        for text in _texts(vars(step))
        if _names(problem.what, text)
    ]
    return replace(
        problem,
        where=max(named, key=len).where if named else problem.where,
        step="",
        what=in_yaml(problem.what, names),
        hint=in_yaml(problem.hint, names),
    )


def _names(what: str, text: Text) -> bool:
    wanted = rf"(?<![\w./-]){re.escape(str(text).strip())}(?![\w/-])"
    return bool(text.strip()) and re.search(wanted, what) is not None


def _texts(values: object) -> Iterator[Text]:
    match values:
        case Text():
            yield values
        case tuple():
            for value in values:
                yield from _texts(value)
        case dict():
            yield from _texts(tuple(values.values()))
