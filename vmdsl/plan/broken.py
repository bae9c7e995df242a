"""Handles that stand for those of steps that failed, so that later steps can still be checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import PurePosixPath
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from vmdsl.language.handles import Mounted, RootFs
from vmdsl.language.operation import DependsOnFailed, NeverText, Origin
from vmdsl.language.steps import Step


def broken_result(step: Step[object], origin: Origin) -> object:
    """Return what stands for the result of a failed step, by its annotation; None if nothing can.

    It can be passed on, but not looked into: that raises DependsOnFailed.
    """
    try:
        annotation = get_type_hints(step.function).get("return")
    except Exception:  # noqa: BLE001 (an annotation may be any expression)
        return None
    return _broken(annotation, origin)


def _broken(annotation: Any, origin: Origin) -> object:
    kind, arguments = get_origin(annotation) or annotation, get_args(annotation)
    if kind in (Union, UnionType):
        return _broken(next(one for one in arguments if one is not NoneType), origin)
    if kind is tuple:
        made: tuple[object, ...] = tuple(_broken(one, origin) for one in arguments)
        return None if None in made or not made else made
    if not (isinstance(kind, type) and issubclass(kind, NeverText)):
        return None
    known: dict[str, object] = {"origin": origin}
    if issubclass(kind, Mounted):
        known |= {"filesystem": _broken(arguments[0] if arguments else None, origin), "on": None}
    elif issubclass(kind, RootFs):
        root = _made(Mounted, {"origin": origin, "on": None, "path": PurePosixPath("/")})
        known |= {"mounted": root, "proxy": ""}
    return _made(kind, known)


def _made(kind: type, known: Mapping[str, object]) -> object:
    made: object = object.__new__(_class(kind))
    vars(made).update(known)
    return made


@cache
def _class(kind: type) -> type:
    """Return a class of handles of a kind whose fields are not known."""
    names = {field.name for field in fields(kind)}

    def get(self: object, name: str) -> object:
        if name in names and name not in object.__getattribute__(self, "__dict__"):
            raise DependsOnFailed
        return object.__getattribute__(self, name)

    return type(kind.__name__, (kind,), {"__getattribute__": get})
