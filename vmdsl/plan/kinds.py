"""Checks while a recipe runs that operations get the kinds of handles that they are made for.

mypy finds most such mistakes earlier, but sees nothing behind `cast`, `Any` and `@no_type_check`.
"""

from __future__ import annotations

import gc
import inspect
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cache
from types import FunctionType, NoneType, UnionType
from typing import (
    Any,
    ForwardRef,
    TypeVar,
    Union,
    Unpack,
    get_args,
    get_origin,
    get_type_hints,
)

import vmdsl
from vmdsl.errors import Problem
from vmdsl.language.handles import Mounted
from vmdsl.language.operation import NeverText
from vmdsl.language.secret import Secret
from vmdsl.language.steps import Condition, Option, Step
from vmdsl.plan.hints import reworded
from vmdsl.plan.merge import Crash
from vmdsl.values import Size, Suite

#: They stand for no value of another kind.
_KINDS = (NeverText, Secret)
#: Nothing else stands for a value of these.
_WANTED = (*_KINDS, StrEnum, Size, Suite, NoneType)
#: Nor for a text, a number or bytes.
_PLAIN = (str, int, bytes)
_OBJECT = re.compile(
    r"(?:<bound method \S+ of )?<[^<>\n]{1,80} object(?: \S+)? at 0x[0-9a-f]{8,}>+"
)
_ADDRESS = re.compile(r"<function [^\s<>]+ at (0x[0-9a-f]+)>")


def operations() -> Mapping[int, FunctionType]:
    """Return the public functions that work on handles, by the id of their code."""
    return _operations(library="vmdsl_stdlib" in sys.modules)


@cache
def _operations(*, library: bool) -> Mapping[int, FunctionType]:
    modules = [vmdsl, *([sys.modules["vmdsl_stdlib"]] if library else [])]
    functions = [vars(module)[name] for module in modules for name in module.__all__]
    return {
        id(function.__code__): function
        for function in functions
        if isinstance(function, FunctionType)
        and not function.__module__.startswith("vmdsl.language.")
    }


def wrong_kind(function: FunctionType, values: Mapping[str, Any]) -> Problem | None:
    """Return a mistake in the arguments that an operation is called with, and a hint."""
    for name, value, wanted in _arguments(function, values):
        if (forgotten := _function_in(value)) is not None:
            what = f"the function {forgotten.__name__} cannot become text"
            return Problem(what=what, hint=f"call it: {forgotten.__name__}()", code="as-text")
        if (address := _OBJECT.search("\n".join(_texts_of(value)))) is not None:
            shown = re.sub(r"\bvmdsl_recipe_\w+\.| at 0x\w+", "", address[0])
            what = f"the text has the address of an object in memory: {shown}"
            hint = "call it" if shown.startswith("<bound method") else "write a value of it"
            return Problem(what=what, hint=f"it differs in each run: {hint}", code="as-text")
        if not _fits(value, wanted):
            given, text = _spelled(value)
            kind = function.__annotations__.get(name, getattr(wanted, "__name__", wanted))
            if isinstance(wanted, TypeVar):
                bound = _bound(wanted)
                kind = " | ".join(one.__name__ for one in get_args(bound) or (bound,))
            message = (
                f'Argument "{name}" to "{function.__name__}" has incompatible type "{given}"; '
                f'expected "{kind}"'
            )
            given = given.removesuffix("[…]")
            what = f"{function.__name__}() takes {kind} as {name}, not {given}"
            found = reworded(f"{message}  [arg-type]", text)
            plain = wanted in _PLAIN or any(one in _PLAIN for one in get_args(wanted))
            cls = Crash if plain and not isinstance(value, _KINDS) else Problem
            return cls(what=what, hint=found.hint, code=found.code)
    return None


def _function_in(value: object) -> FunctionType | None:
    """Return the function whose repr(), with its address, is in a text or a list of texts."""
    for text in _texts_of(value):
        for found in _ADDRESS.finditer(text):
            for one in gc.get_objects():
                if isinstance(one, FunctionType) and id(one) == int(found[1], 16):
                    return one
    return None


def _texts_of(value: object) -> list[str]:
    """Return a text, or the texts in a list."""
    values = value if isinstance(value, list | tuple) else (value,)
    return [text for text in values if isinstance(text, str)]


def _spelled(value: object) -> tuple[str, str]:
    """Return the type of a value as mypy spells it, and the value as code."""
    kind = type(value).__name__
    if isinstance(value, Condition) and not isinstance(value, Option):
        kind = "Condition"
    elif isinstance(value, Option | Step) and not isinstance(value, Condition):
        kind = f"{kind}[…]"
    elif isinstance(value, Mounted):
        kind = f"{kind}[{type(value.source).__name__}]"
    return kind, value.name if isinstance(value, Option | Step) else "…"


@cache
def _hints(function: object) -> Mapping[str, Any]:
    return get_type_hints(function)


def _arguments(
    function: FunctionType, values: Mapping[str, Any]
) -> Iterator[tuple[str, object, Any]]:
    """Yield each argument's name, its value, and the type that it should have."""
    hints, code = _hints(function), function.__code__
    names = list(code.co_varnames)
    plain = code.co_argcount + code.co_kwonlyargcount
    yield from ((name, values[name], hints.get(name, Any)) for name in names[:plain])
    more = names[plain:]
    if code.co_flags & inspect.CO_VARARGS:
        name = more.pop(0)
        yield from ((name, value, hints.get(name, Any)) for value in values[name])
    if code.co_flags & inspect.CO_VARKEYWORDS:
        wanted = hints.get(more[0], Any)
        each = _hints(get_args(wanted)[0]) if get_origin(wanted) is Unpack else {}
        yield from ((name, value, each.get(name, Any)) for name, value in values[more[0]].items())


def _fits(value: object, wanted: Any) -> bool:
    """Return whether a value has a type, as far as either is a handle, a declaration, or plain."""
    origin, arguments = get_origin(wanted), get_args(wanted)
    kind = origin or wanted
    if isinstance(wanted, TypeVar):
        fits = wanted.__bound__ is None or _fits(value, _bound(wanted))
    elif origin in (Union, UnionType):
        fits = any(_fits(value, one) for one in arguments)
    elif origin is Mounted:
        fits = isinstance(value, Mounted) and _fits(value.source, arguments[0])
    elif wanted in _PLAIN or (isinstance(kind, type) and issubclass(kind, _WANTED)):
        fits = isinstance(value, kind)
    elif isinstance(value, tuple | list) and origin in (tuple, list, Sequence):
        fits = all(any(_fits(one, a) for a in arguments if a is not ...) for one in value)
    else:
        fits = wanted in (Any, object) or not isinstance(value, _KINDS)
    return fits


def _bound(variable: TypeVar) -> Any:
    """Return the bound of a type variable, which may be written as a name."""
    bound = variable.__bound__
    if isinstance(bound, ForwardRef):
        return vars(sys.modules[variable.__module__])[bound.__forward_arg__]
    return bound
