"""Finds what would switch checking off in a recipe: settings in comments, `cast`, `Any` and others.

Settings for a whole file or function are mistakes; what hides one value or line is a warning, as
it may be needed beside a package without types.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from vmdsl.errors import Advice, Problem, Where
from vmdsl.plan.modules import own_modules, parsed

_CODE = "unchecked-code"
_VMDSL = ("vmdsl", "vmdsl_stdlib")
#: Functions of vmdsl that take any value.
_NO_OPERATIONS = {"record", "refuse", "warn", "require", "step", "step_if"}
_TYPING = ("typing", "typing_extensions")
#: mypy reads such a line wherever it stands.
_MYPY = "# mypy: "
#: These make mypy report more, not less.
_STRICTER = re.compile(
    r"(?:strict|disallow|warn|enable|check|no[-_]implicit|extra[-_]checks)[\w-]*"
    r"(?:\s*=\s*+(?![Ff]alse|0)[^=]*)?"
)
_PYRIGHT = re.compile(r"#\s*pyright:\s*(?!strict\b)(\S.*)")


def unchecked(recipe: Path) -> Iterator[Problem]:
    """Yield what switches checking off in a recipe, and in its author's modules that it imports."""
    for file in own_modules(recipe):
        with suppress(OSError, SyntaxError, ValueError):  # which others report
            source = file.read_text(encoding="utf-8-sig")
            yield from _unchecked(file, source, parsed(source))


def _unchecked(file: Path, source: str, tree: ast.Module) -> Iterator[Problem]:
    yield from _settings(file, source)
    yield from _ignored(file, tree)
    names = _imported(tree)
    if set(names.values()) & {"no_type_check", "no_type_check_decorator"}:
        yield from _functions(file, tree, names)
    if set(names.values()) & {"cast"}:
        yield from _casts(file, tree, names)
    if "TYPE_CHECKING" in names.values():
        yield from _hidden(file, tree, names)
    if "Any" in names.values():
        yield from _anything(file, tree, names)


def _settings(file: Path, source: str) -> Iterator[Problem]:
    """Yield settings of mypy and pyright in comments."""
    if _MYPY in source:
        for number, line in enumerate(source.split("\n"), 1):
            settings = line.removeprefix(_MYPY).strip()
            if line.startswith(_MYPY) and not all(
                _STRICTER.fullmatch(one.strip()) for one in settings.split(",")
            ):
                yield Problem(
                    what=f"this setting changes what mypy checks: {settings}",
                    where=Where(file, number),
                    hint="remove the line: vmdsl checks all recipes with the same settings",
                    code=_CODE,
                )
    if "pyright:" in source:
        with suppress(tokenize.TokenError):
            for token in tokenize.generate_tokens(io.StringIO(source).readline):
                found = _PYRIGHT.match(token.string)
                if token.type == tokenize.COMMENT and found:
                    yield Advice(
                        what=f"pyright does not check this in an editor: {found[1]}",
                        where=Where(file, token.start[0]),
                        hint="remove the comment: pyright understands recipes in strict mode",
                        code=_CODE,
                    )


def _ignored(file: Path, tree: ast.Module) -> Iterator[Problem]:
    """Yield each `# type: ignore`; above the first statement it is for the whole file."""
    first = tree.body[0].lineno if tree.body else 0
    for ignore in tree.type_ignores:
        if isinstance(ignore, ast.TypeIgnore):
            tag = ignore.tag.strip()
            is_whole = ignore.lineno < first
            yield (Problem if is_whole else Advice)(
                what="this comment stops mypy's check of the whole file"
                if is_whole
                else f"mypy's report of this line is ignored: # type: ignore{tag}",
                where=Where(file, ignore.lineno),
                hint="remove the comment, and mend what is reported then",
                code=_CODE,
            )


def _imported(tree: ast.Module) -> Mapping[str, str]:
    """Return the names by which code has parts of typing, as `cast` or `typing.cast`."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in _TYPING:
                    module = alias.asname or alias.name
                    for part in ("Any", "TYPE_CHECKING", "cast", "no_type_check"):
                        names[f"{module}.{part}"] = part
        elif isinstance(node, ast.ImportFrom) and node.module in _TYPING:
            names.update((alias.asname or alias.name, alias.name) for alias in node.names)
    return names


def _functions(file: Path, tree: ast.Module, names: Mapping[str, str]) -> Iterator[Problem]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for decorator in node.decorator_list:
                name = names.get(ast.unparse(decorator), "")
                if name.startswith("no_type_check"):
                    yield Problem(
                        what=f"@{name} stops mypy's check of {node.name}",
                        where=Where(file, decorator.lineno),
                        hint="remove it, and mend what is reported then",
                        code=_CODE,
                    )


def _casts(file: Path, tree: ast.Module, names: Mapping[str, str]) -> Iterator[Problem]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and names.get(ast.unparse(node.func)) == "cast":
            yield Advice(
                what="mypy believes cast(), whatever the value is",
                where=Where(file, node.lineno),
                hint="leave cast() out: the types of steps, options and handles are known",
                code=_CODE,
            )


def _hidden(file: Path, tree: ast.Module, names: Mapping[str, str]) -> Iterator[Problem]:
    """Yield code that runs, and that mypy skips."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.If):
            continue
        test, skipped = node.test, node.orelse
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            test, skipped = test.operand, node.body
        if names.get(ast.unparse(test)) == "TYPE_CHECKING" and not all(
            isinstance(one, ast.Import | ast.ImportFrom | ast.Pass) for one in skipped
        ):
            yield Advice(
                what="mypy skips what runs only if TYPE_CHECKING is off",
                where=Where(file, skipped[0].lineno),
                hint="write it without the condition",
                code=_CODE,
            )


def _anything(file: Path, tree: ast.Module, names: Mapping[str, str]) -> Iterator[Problem]:
    """Yield each step that returns Any, and each name of that type that an operation is given."""
    steps = {name for name in ("step", "step_if") if name in _of_vmdsl(tree)}
    given = _given(tree)
    for node in ast.walk(tree):
        found = ""
        if not isinstance(node, ast.FunctionDef | ast.AnnAssign | ast.arg):
            continue
        if isinstance(node, ast.FunctionDef) and _is_any(node.returns, names):
            decorators = {ast.unparse(one).partition("(")[0] for one in node.decorator_list}
            if decorators & steps:
                found = f"the step {node.name} returns Any, so mypy checks none of its uses"
            elif f"{node.name}()" in given:
                found = (
                    f"{node.name}() returns Any, so mypy checks no operation that it is given to"
                )
        elif isinstance(node, ast.AnnAssign) and _is_any(node.annotation, names):
            name = ast.unparse(node.target)
            found = f"{name} is Any, so mypy checks no operation that it is given to"
            found = found if name in given else ""
        elif isinstance(node, ast.arg) and node.arg in given and _is_any(node.annotation, names):
            found = f"{node.arg} is Any, so mypy checks no operation that it is given to"
        if found:
            hint = "name the type that it has, such as Partition, RootFs or str"
            yield Advice(what=found, where=Where(file, node.lineno), hint=hint, code=_CODE)


def _is_any(annotation: ast.expr | None, names: Mapping[str, str]) -> bool:
    """Return whether an annotation is Any, or Any or None."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        with suppress(SyntaxError):
            return _is_any(ast.parse(annotation.value, mode="eval").body, names)
    if isinstance(annotation, ast.BinOp):
        return _is_any(annotation.left, names) or _is_any(annotation.right, names)
    return annotation is not None and names.get(ast.unparse(annotation)) == "Any"


def _of_vmdsl(tree: ast.Module) -> set[str]:
    """Return the names by which code has what vmdsl and its library export."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias for alias in node.names if alias.name in _VMDSL]
            for alias in modules:
                exported = getattr(sys.modules.get(alias.name), "__all__", ())
                names |= {f"{alias.asname or alias.name}.{name}" for name in exported}
        elif isinstance(node, ast.ImportFrom) and node.module in _VMDSL:
            for alias in node.names:
                exported = getattr(sys.modules.get(node.module), "__all__", ())
                names |= {*exported} if alias.name == "*" else {alias.asname or alias.name}
    return names


def _given(tree: ast.Module) -> set[str]:
    """Return the names that operations get as arguments; those of calls with ()."""
    functions = _of_vmdsl(tree) - _NO_OPERATIONS
    given: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in functions:
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                given.update(_names(argument))
    return given


def _names(value: ast.expr) -> Iterator[str]:
    """Yield the names whose type a value has; not those that only a call in it gets."""
    parts: list[ast.expr] = []
    match value:
        case ast.Name(id=name):
            yield name
        case ast.Call(func=function):
            yield f"{ast.unparse(function)}()"
        case ast.Starred() | ast.Attribute() | ast.Subscript() | ast.NamedExpr():
            parts = [value.value]
        case ast.Tuple() | ast.List():
            parts = value.elts
        case ast.IfExp(body=one, orelse=other):
            parts = [one, other]
        case ast.BoolOp(values=values):
            parts = values
        case ast.GeneratorExp(elt=each) | ast.ListComp(elt=each):
            parts = [each]
    for part in parts:
        yield from _names(part)
