"""Arguments: which one holds a value, and those that several functions share."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import TypeVar

from vmdsl.language.operation import Operation


def argument_of(operation: Operation, *values: object) -> str:
    """Return the name of the first argument that is or holds one of the values, or ""."""
    for one in fields(operation):
        held = getattr(operation, one.name)
        if held in values:
            return one.name
        for number, item in enumerate(held if isinstance(held, tuple) else ()):
            if item in values:
                return f"{one.name}[{number}]"
    return ""


_F = TypeVar("_F", bound=Callable[..., object])


def with_settings(settings: type, of: type[Operation]) -> Callable[[_F], _F]:
    """Return a decorator that shows `**settings: Unpack[...]` by names in a function's signature.

    `settings` is the TypedDict, and the defaults are those of the fields of a class. So `help()`
    shows them, and the hint about a misspelt one finds them.
    """
    defaults = {field.name: field.default for field in fields(of)}
    named = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=defaults[name],
            annotation=getattr(annotation, "__forward_arg__", annotation),
        )
        for name, annotation in settings.__annotations__.items()
    ]

    def shown(function: _F) -> _F:
        found = inspect.signature(function)
        own = [p for p in found.parameters.values() if p.kind is not p.VAR_KEYWORD]
        function.__signature__ = found.replace(  # type: ignore[attr-defined]  # inspect's own
            parameters=[*own, *named]
        )
        return function

    return shown
