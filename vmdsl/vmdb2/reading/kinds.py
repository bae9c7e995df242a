"""Which step a mapping is, by its keys, and which keys were probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from vmdsl.vmdb2.reading.fields import FIELDS, STEP_BY_KEY, Field
from vmdsl.vmdb2.reading.gone import GONE, NEVER
from vmdsl.vmdb2.schema import STEPS, SpecStep

#: How alike words must be, of which one may have been meant where the other stands.
_ALIKE, _STEPS_ALIKE = 0.6, 0.7
#: Keys of steps that name none.
_INNER = {key for found in FIELDS.values() for field in found[1:] for key in field.keys}


@dataclass(frozen=True, kw_only=True)
class Kinds:
    """The steps that keys are of: one, but for mistakes.

    `named` is the key that names each. `meant` are keys that were misspelt, with what was meant;
    `wrong` is the key with the mistake, and `what` and `hint` are the mistake.
    """

    named: Mapping[type[SpecStep], str]
    meant: Mapping[str, str]
    wrong: str = ""
    what: str = ""
    hint: str = ""


def kinds_of(keys: Collection[str]) -> Kinds:
    """What a mapping with these keys is."""
    named = {step: key for key, step in STEP_BY_KEY.items() if key in keys}
    for step, key in list(named.items()):
        others = [other for other in named if other is not step]
        inner = any(key in field.keys for other in others for field in FIELDS[other][1:])
        if inner and lacking(step, keys):
            del named[step]
    if len(named) > 1:
        first, second = sorted(named.values(), key=list(keys).index)[:2]
        what = f"{first} and {second} are two steps, and this is one mapping"
        hint = f"vmdb2 runs one by accident; write `- {second}:` as a step of its own"
        return Kinds(named=named, meant={}, wrong=second, what=what, hint=hint)
    fitting = [] if named else _fitting(keys)
    least = min((_misfit(step, keys) for step in [*named, *fitting]), default=len(keys) + 1)
    if (close := _closest(keys)) and close[0] < least:
        _, key, name = close
        what, hint = GONE.get(key, (f"there is no step {key}", f"did you mean {name}?"))
        step = STEP_BY_KEY[name]
        return Kinds(named={step: name}, meant={key: name}, wrong=key, what=what, hint=hint)
    return Kinds(named=named, meant={}) if named else _nameless(keys, fitting)


def _closest(keys: Collection[str]) -> tuple[int, str, str] | None:
    """A key, and the step whose name it may be, misspelt; and how many keys then are wrong."""
    found = []
    for key in keys:
        close = difflib.get_close_matches(key, STEP_BY_KEY, n=1, cutoff=_STEPS_ALIKE)
        if close and key not in {*STEP_BY_KEY, *_INNER} and close[0] not in keys:
            step = STEP_BY_KEY[close[0]]
            found.append((_misfit(step, [*(set(keys) - {key}), close[0]]), key, close[0]))
    return min(found, key=lambda one: one[0], default=None)


def _fitting(keys: Collection[str]) -> list[type[SpecStep]]:
    """The steps that keys are all of, but for the one that names it: those that need the most."""
    lack_name = [step for step in STEPS if _misfit(step, keys) == 1 and not meant_by(step, keys)]
    needed = [sum(field.required for field in FIELDS[step]) for step in lack_name]
    return [step for step, n in zip(lack_name, needed, strict=True) if n == max(needed)]


def _nameless(keys: Collection[str], fitting: Sequence[type[SpecStep]]) -> Kinds:
    """What a mapping is whose keys name no step; `fitting` are those that have all other keys."""
    for key in keys:
        if key in GONE:
            return Kinds(named={}, meant={}, wrong=key, what=GONE[key][0], hint=GONE[key][1])
    names = [FIELDS[step][0].keys[0] for step in STEPS]
    what = f"no key of this step names one that vmdb2 has: {', '.join(keys)}"
    hint = f"the steps are {', '.join(names)}"
    named = {step: FIELDS[step][0].keys[0] for step in fitting if len(fitting) == 1}
    for name in named.values():
        hint = f"add `{name}:`, which has such keys"
    return Kinds(named=named, meant={}, wrong=next(iter(keys)), what=what, hint=hint)


def names_of(step: type[SpecStep]) -> list[str]:
    """All keys that a step may have, old ones too."""
    return [*(key for field in FIELDS[step] for key in field.keys), "unless"]


def lacking(step: type[SpecStep], keys: Collection[str]) -> list[Field]:
    """What a step needs and has not."""
    return [field for field in FIELDS[step] if field.required and not set(field.keys) & set(keys)]


def meant_by(
    step: type[SpecStep], keys: Collection[str], *, only_alike: bool = False
) -> Mapping[str, str]:
    """The keys that a step doesn't have, each with the one that was probably meant, if any.

    The only one that it lacks is meant by the only other one, unless those count that are alike.
    """
    known = names_of(step)
    taken = {key for f in FIELDS[step] if set(f.keys) & set(keys) for key in f.keys}
    found: dict[str, str] = {}
    for key in keys:
        if key not in known:
            free = [name for name in known if name not in {*taken, *found.values(), *keys}]
            close = difflib.get_close_matches(key, free, n=1, cutoff=_ALIKE)
            found[key] = close[0] if close and key not in NEVER else ""
    needed = lacking(step, {*keys, *found.values()})
    rest = [key for key, meant in found.items() if not meant and key not in NEVER]
    if len(needed) == len(rest) == 1 and not only_alike:
        found[rest[0]] = needed[0].keys[0]
    return found


def _misfit(step: type[SpecStep], keys: Collection[str]) -> int:
    """How many keys would be wrong, if a mapping were this step."""
    meant = meant_by(step, keys, only_alike=True)
    unknown = sum(1 if other else 2 for other in meant.values())
    return unknown + len(lacking(step, {*keys, *meant.values()}))
