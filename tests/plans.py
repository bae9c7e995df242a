"""Plans of recipes without mypy, and the keys that a build would give to their layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from vmdsl.builder.cache.cache_dir import CacheDir
from vmdsl.builder.cache.checksums import digest
from vmdsl.builder.cache.forecast import Description, describe
from vmdsl.builder.cache.store import base_of, key_of
from vmdsl.errors import Advice
from vmdsl.language.operation import Operation
from vmdsl.language.secret import Secret, secrets_in
from vmdsl.plan.evaluate import evaluate
from vmdsl.plan.lay_out import lay_out
from vmdsl.plan.load import load
from vmdsl.plan.plan import Plan


def plan_of(recipe: Path, name: str = "recipe", **options: object) -> Plan:
    """The plan of a recipe that is right."""
    loaded = load(recipe)
    evaluated = evaluate(loaded, options)
    found = (*loaded.problems, *evaluated.problems)
    assert [problem for problem in found if not isinstance(problem, Advice)] == []
    return plan_from(recipe, evaluated.operations, name)


def plan_from(recipe: Path, operations: Sequence[Operation], name: str = "recipe") -> Plan:
    """The plan of some operations."""
    layout, problems = lay_out(operations, recipe=name, seed="")
    assert problems == []
    assert layout is not None
    return Plan(
        recipe=recipe.resolve(),
        directory=recipe.resolve().parent,
        code=recipe.resolve(),
        name=name,
        seed="",
        options=(),
        operations=tuple(operations),
        layout=layout,
    )


def values_of(plan: Plan) -> dict[Secret, bytes]:
    """A value for each secret of a plan."""
    return {s: s.place.encode() for o in plan.operations for s in secrets_in(o)}


def description_of(
    plan: Plan,
    cache: Path,
    *,
    secrets: Mapping[Secret, bytes] | None = None,
    epoch: int | None = None,
) -> Description:
    """What a build of a plan depends on."""
    values = values_of(plan) if secrets is None else secrets
    return describe(plan, values, cache=CacheDir(path=cache), epoch=epoch)


def keys_of(description: Description) -> list[str]:
    """The keys of all layers, and of the image last; none where it isn't known."""
    key = digest(description.start)
    keys = []
    for parts in (*description.operations, description.cleaning):
        key = key_of(base_of(key, digest(parts)), ()) if key and parts else ""
        keys.append(key)
    image = description.image
    return [*keys, digest([key, image]) if key and image else ""]


def first_changed(before: Sequence[str], after: Sequence[str]) -> int | None:
    """The number of the first key that is another; all behind it must be other ones too."""
    same = [one == other for one, other in zip(before, after, strict=False)]
    number = same.index(False) if False in same else len(same)
    assert not any(same[number:]), same
    assert not set(before[number:]) & set(after[number:]) - {""}
    return None if number == len(before) == len(after) else number
