"""Finds which step a mapping is, by its keys, and which keys were probably meant."""

from __future__ import annotations

import difflib
import types
from collections.abc import Collection, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from vmdsl.vmdb2.schema import STEPS, Key, SpecStep, Zerofree

#: Steps: what they were, and what to do without them.
GONE = {
    "mkimage": ("vmdb2's manual calls it so, but the step is mkimg", "write mkimg"),
    "ramdisk": (
        "ramdisk is a step of a fork of vmdb2, which copies kernel and initrd out of the image",
        "a shell step can copy them from $ROOT/boot",
    ),
    "overlay": ("overlay is a step of a fork of vmdb2", "copy-dir copies a directory"),
    "kernel": (
        "kernel was a step before vmdb2 was released",
        "write `apt: install`, with its name below `packages:`, and `tag:`",
    ),
}
#: A step for a while, which has no use here.
ZEROFREE = (
    "zerofree was never a step of a released vmdb2, which refuses it: mount does it",
    "remove it: what an image does not use is zeros anyway",
)
#: Keys, the same.
NEVER = {
    "when": (
        "vmdb2 has no `when`, and never looked at it",
        "there is only `unless`, for what is to be skipped if a rootfs tarball was unpacked",
    ),
    "trailing-newline": (
        "vmdb2 never had trailing-newline",
        "for a newline at the end write `contents: |+` and an empty line below the text",
    ),
    "addl-flags": ("addl-flags is a key of a fork of vmdb2", "remove it"),
    "compress": ("compress is a key of a fork of vmdb2", "convert the image after the build"),
    "format": (
        "format is a key of a fork of vmdb2",
        "for qcow2, name the image so: --output NAME.qcow2; convert it to others after the build",
    ),
    "paths": ("paths is a key of a fork of vmdb2", "remove it"),
}
#: Keys of forks, with the value that asks for what is done anyway.
DONE_ANYWAY = {"compress": "false", "format": "raw"}
#: How alike words must be, of which one may have been meant where the other stands.
_ALIKE, _STEPS_ALIKE = 0.6, 0.7


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of a step: its names in YAML, today's first, and its type without `| None`."""

    name: str
    keys: tuple[str, ...]
    type: Any
    required: bool


def _fields(step: type[SpecStep]) -> tuple[Field, ...]:
    hints = get_type_hints(step, include_extras=True)
    common = {field.name for field in fields(SpecStep)}
    found = []
    for field in fields(step):
        if field.name in common:
            continue
        hint: Any = hints[field.name]
        names = Key(field.name)
        if get_origin(hint) is Annotated:
            hint, *notes = get_args(hint)
            names = next(note for note in notes if isinstance(note, Key))
        if get_origin(hint) in (Union, types.UnionType):
            hint = next(inner for inner in get_args(hint) if inner is not types.NoneType)
        required = field.default is MISSING and field.default_factory is MISSING
        found.append(Field(name=field.name, keys=tuple(names), type=hint, required=required))
    return tuple(found)


#: The fields of each step; the first is what names it.
FIELDS: Mapping[type[SpecStep], tuple[Field, ...]] = {
    step: _fields(step) for step in (*STEPS, Zerofree)
}

#: The steps by the keys that name them, old ones too.
STEP_BY_KEY: Mapping[str, type[SpecStep]] = {
    key: step for step in STEPS for key in FIELDS[step][0].keys
}


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
    """Return which step a mapping with these keys is."""
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
    """Return a key, the step that it may be, misspelt, and how many keys then are wrong."""
    found = []
    for key in keys:
        if key in STEP_BY_KEY or key in _INNER:
            continue
        close = difflib.get_close_matches(key, STEP_BY_KEY, n=1, cutoff=_STEPS_ALIKE)
        if close and close[0] not in keys:
            step = STEP_BY_KEY[close[0]]
            found.append((_misfit(step, [*(set(keys) - {key}), close[0]]), key, close[0]))
    return min(found, key=lambda one: one[0], default=None)


def _fitting(keys: Collection[str]) -> list[type[SpecStep]]:
    """Return the steps that have all these keys, of which none names a step, and need the most."""
    lack_name = [step for step in STEPS if _misfit(step, keys) == 1 and not meant_by(step, keys)]
    needed = [sum(field.required for field in FIELDS[step]) for step in lack_name]
    return [step for step, n in zip(lack_name, needed, strict=True) if n == max(needed)]


def _nameless(keys: Collection[str], fitting: Sequence[type[SpecStep]]) -> Kinds:
    """Return which step a mapping is whose keys name none; `fitting` have all other keys."""
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
    """Return all keys that a step may have, old ones too."""
    return [*(key for field in FIELDS[step] for key in field.keys), "unless"]


def lacking(step: type[SpecStep], keys: Collection[str]) -> list[Field]:
    """Return the required fields that a step lacks."""
    return [field for field in FIELDS[step] if field.required and not set(field.keys) & set(keys)]


def meant_by(
    step: type[SpecStep], keys: Collection[str], *, only_alike: bool = False
) -> Mapping[str, str]:
    """Return the keys that a step doesn't have, each with the one that was probably meant, if any.

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
    """Return the number of keys that would be wrong if a mapping were this step."""
    meant = meant_by(step, keys, only_alike=True)
    unknown = sum(1 if other else 2 for other in meant.values())
    return unknown + len(lacking(step, {*keys, *meant.values()}))
