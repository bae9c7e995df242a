"""Goes on after a mistake: with the rest of the step, and with a handle that stands for its result.

So the mistakes behind it are found as well.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path, PurePosixPath
from types import FunctionType, NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from vmdsl.language.handles import Mounted, RootFs
from vmdsl.language.operation import DependsOnFailed, NeverText, Origin, Refused
from vmdsl.language.steps import Step

_REFUSED = "__vmdsl_refused__"


def going_on(function: Callable[[], object]) -> Callable[[], object] | None:
    """Return a step's function whose calls that are statements go on after a mistake.

    Returns None if its source is not that of a plain function at the top level of a file.
    """
    if not isinstance(function, FunctionType) or function.__closure__:
        return None
    code = function.__code__
    try:
        tree = ast.parse(Path(code.co_filename).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == function.__name__:
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            if first == code.co_firstlineno:
                node.decorator_list, node.returns = [], None
                found = ast.fix_missing_locations(_Tries().visit(node))
                made = compile(ast.Module([found], []), code.co_filename, "exec")
                names = {**function.__globals__, _REFUSED: Refused}
                exec(made, names)  # noqa: S102 (it is the recipe's own code)
                return names[node.name]  # type: ignore[no-any-return]  # a namespace has any values
    return None


class _Tries(ast.NodeTransformer):
    """Puts `try` around each statement that is a call."""

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        if not isinstance(node.value, ast.Call):
            return node
        refused = ast.ExceptHandler(
            type=ast.Name(id=_REFUSED, ctx=ast.Load()), name=None, body=[ast.Pass()]
        )
        made = ast.Try(body=[node], handlers=[refused], orelse=[], finalbody=[])
        return ast.copy_location(made, node)


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
    known: dict[str, object] = {"_origin": origin}
    if issubclass(kind, Mounted):
        known |= {"source": _broken(arguments[0] if arguments else None, origin), "on": None}
    elif issubclass(kind, RootFs):
        root = _made(Mounted, {"_origin": origin, "on": None, "path": PurePosixPath("/")})
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

    # In a module of its own, as it is no kind that vmdsl has.
    return type(kind.__name__, (kind,), {"__getattribute__": get, "__module__": "broken"})
