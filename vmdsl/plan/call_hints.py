"""Hints for calls with too many, too few or misnamed arguments, from the function's signature."""

from __future__ import annotations

import inspect
from inspect import Parameter

import vmdsl
from vmdsl.similar import did_you_mean

#: So many names are enough to show how arguments are named.
_FEW = 3
_PLAIN = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


def unexpected(_: str, wrong: str, function: str) -> str:
    """Return a hint for an argument whose name the function does not have."""
    if not hasattr(vmdsl, function):
        return "put @dataclass(frozen=True, kw_only=True) above it" if function[0].isupper() else ""
    parameters = {parameter.name: parameter for parameter in _parameters(function)}
    if wrong in parameters:
        many = parameters[wrong].kind is Parameter.VAR_POSITIONAL
        return f"write them one by one, without {wrong}=" if many else f"write it without {wrong}="
    names = list(parameters)
    return did_you_mean(wrong, names, "{}=") or f"{function} takes {', '.join(names)}"


def too_many(_: str, function: str) -> str:
    """Return a hint for values without a name: those that are needed, or the first few."""
    named = [p for p in _parameters(function) if p.kind is Parameter.KEYWORD_ONLY]
    needed = [p for p in named if p.default is Parameter.empty]
    names = [f"{p.name}=…" for p in (needed or named)[:_FEW]]
    more = ", …" if len(needed or named) > _FEW else ""
    return f"name the values: {', '.join(names)}{more}" if names else ""


def too_few(_: str, function: str) -> str:
    """Return a hint that shows what a call needs."""
    needed = [p for p in _parameters(function) if p.default is Parameter.empty]
    words = [p.name if p.kind in _PLAIN else f"{p.name}=…" for p in needed if p.kind in _CALLED]
    return f"it is called as {function}({', '.join(words)})" if words else ""


_CALLED = (*_PLAIN, Parameter.KEYWORD_ONLY)


def _parameters(function: str) -> list[Parameter]:
    called = getattr(vmdsl, function, None)
    return list(inspect.signature(called).parameters.values()) if inspect.isroutine(called) else []
