"""Report each mistake once: leave out those that only follow from another one."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from vmdsl.errors import Problem
from vmdsl.vmdb2.reading.step_kinds import FIELDS
from vmdsl.vmdb2.schema import Cryptsetup, Kpartx, Lvcreate, Mkpart, SpecStep
from vmdsl.vmdb2.text import Text

#: Steps that make tags, and the field that has them.
_MAKERS = {Mkpart: "tag", Kpartx: "tags", Cryptsetup: "name", Lvcreate: "name"}
#: The requirement of a step that names a tag.
A_TAG = "a tag"
#: Requirements whose hint lists the other lines that lack the same, and the most lines.
_WITH_LINES, _MOST_LINES = (A_TAG, "mkimg", "vgcreate"), 5


@dataclass(frozen=True, kw_only=True)
class Missing(Problem):
    """A requirement that no step above fulfils: `of` a kind of step, as YAML names it, or A_TAG.

    `name` is that of the tag which it is about.
    """

    of: str
    name: str = ""


def deduplicate(
    stages: Iterable[Iterable[Problem]], steps: Collection[SpecStep], unread: Collection[str]
) -> list[Problem]:
    """Return each mistake once, in the order of places, from the `stages`: reading and so on.

    A later stage says nothing more of a text or of a step as a whole that is wrong already; nor
    is anything said of what may be missing only as the step that makes it is wrong. `unread` are
    the words of steps that could not be read, with "" for an empty one, which may be anything.
    """
    stages = [sorted(stage, key=place) for stage in stages]
    makers = {FIELDS[kind][0].keys[0] for kind in _MAKERS}
    doubtful = {
        *unread,
        *([A_TAG] if makers & {*unread} else []),
        *_doubtful(steps, {_path(p) for stage in stages for p in stage}),
    }
    reported: list[Problem] = []
    for stage in stages:
        wrong = {_path(problem) for problem in reported}
        reported += [
            problem
            for problem in _first(stage)
            if not _is_known(_path(problem), wrong)
            and not (
                isinstance(problem, Missing)
                and doubtful & {problem.of, problem.name or problem.of, ""}
            )
        ]
    return sorted(reported, key=place)


def _is_known(path: str, wrong: Collection[str]) -> bool:
    """Return whether a text, an element of a list, or a part of a step is wrong already."""
    inner = (f"{path}[", f"{path}.") if path.count("[") == 1 and path.endswith("]") else f"{path}["
    return path in wrong or any(other.startswith(inner) for other in wrong)


def _first(problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems; of steps that miss the same only the first, which lists the others."""
    found: dict[object, list[Problem]] = {}
    for problem in problems:
        same = (problem.of, problem.name) if isinstance(problem, Missing) else problem
        found.setdefault(same, []).append(problem)
    return [_with_lines(first, others) for first, *others in found.values()]


def _with_lines(problem: Problem, others: Iterable[Problem]) -> Problem:
    lines = [str(other.where.line) for other in others if other.where]
    if not lines or not isinstance(problem, Missing) or problem.of not in _WITH_LINES:
        return problem
    shown = ", ".join(lines[:_MOST_LINES]) + " ..." * (len(lines) > _MOST_LINES)
    return replace(problem, hint=f"{problem.hint} (the same in line {shown})")


def place(problem: Problem) -> tuple[int, int, str]:
    """Return the key that problems are sorted by."""
    where = problem.where
    return (where.line, where.column, problem.what) if where else (0, 0, problem.what)


def _path(problem: Problem) -> str:
    return problem.where.path if problem.where else ""


def _doubtful(steps: Iterable[SpecStep], wrong: Collection[str]) -> Iterable[str]:
    """Yield the kinds of steps that lack something, and A_TAG if one lacks its tag."""
    for step in steps:
        for field in FIELDS[type(step)]:
            if field.required and step.places.get(field.name, step.where).path in wrong:
                yield FIELDS[type(step)][0].keys[0]
        tags = getattr(step, _MAKERS.get(type(step), ""), None)
        several = tags if isinstance(tags, tuple) else (tags,)
        if any(isinstance(t, Text) and (t.is_unknown or t == "") for t in several):
            yield A_TAG
