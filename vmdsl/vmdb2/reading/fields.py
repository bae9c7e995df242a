"""The fields of the schema's steps, by their names in YAML."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from vmdsl.vmdb2.schema import STEPS, Key, SpecStep, Zerofree


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
