"""The recipes that there are: files in a folder, and those that installed packages offer by name.

Both are found without running any of their code.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

from vmdsl.errors import Problem, UsageError

#: The group of entry points of recipes: names, and the modules that are recipes.
GROUP = "vmdsl.recipes"
_STEPS = ("step", "step_if")


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A recipe as a list shows it. `package` and `version` are those of the package that offers it.

    `problem` says why it cannot be used, if that is known without running it.
    """

    name: str
    file: Path | None
    description: str = ""
    package: str = ""
    version: str = ""
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class _Offer:
    """The entry point of a recipe: the `module` that an installed package offers by a name."""

    name: str
    module: str
    package: str
    version: str

    def __str__(self) -> str:
        return f"{self.package} {self.version}"

    def file(self) -> Path:
        """Return the file of the module. Raises UsageError if there is none."""
        try:
            spec = _find(self.module)
        except Exception as error:  # noqa: BLE001 (of finders that packages install)
            raise self._unusable(f"{type(error).__name__}: {error}") from None
        if spec is None:
            raise self._unusable(f"there is no module {self.module}")
        file = Path(spec.origin or "")
        if file.suffix != ".py" or not file.is_file():
            raise self._unusable(f"{self.module} is not a module in Python")
        return file

    def _unusable(self, why: str) -> UsageError:
        what = f"{self} offers the recipe {self.name}, which cannot be used: {why}"
        return UsageError(
            Problem(what=what, hint=f"install {self.package} again", code="no-such-file")
        )


def offered_names() -> tuple[str, ...]:
    """Return the names of recipes that installed packages offer."""
    return tuple(dict.fromkeys(offer.name for offer in _offers()))


def offered_file(name: str) -> Path | None:
    """Return the file of the recipe that an installed package offers by a name, or None.

    Raises UsageError if it is missing, or if two packages have different ones.
    """
    found = [offer for offer in _offers() if offer.name == name]
    if len({offer.module for offer in found}) > 1:
        one, other = (f"{offer} has {offer.module}" for offer in found[:2])
        what = f"two packages offer a recipe {name}: {one}, and {other}"
        raise UsageError(
            Problem(what=what, hint="name its file, or uninstall one of them", code="usage")
        )
    return found[0].file() if found else None


def recipes_in(folders: Iterable[Path]) -> Iterator[Listed]:
    """Yield the recipes of folders: Python files with a step."""
    for folder in folders:
        for file in sorted(folder.glob("*.py")):
            text = b""
            with suppress(OSError):
                text = file.read_bytes()
            if b"vmdsl" not in text:
                continue
            try:
                tree = ast.parse(text)
            except (SyntaxError, ValueError) as error:
                line = f" in line {error.lineno}" if isinstance(error, SyntaxError) else ""
                yield Listed(
                    name=str(file), file=file, problem=f"it cannot be read: syntax error{line}"
                )
                continue
            if _has_steps(tree):
                yield Listed(name=str(file), file=file, description=_description(tree))


def offered_recipes() -> Iterator[Listed]:
    """Yield the recipes that installed packages offer, by their names."""
    for offer in _offers():
        file, description, problem = None, "", ""
        try:
            file = offered_file(offer.name)
            if file is not None:
                description = _description(ast.parse(file.read_bytes()))
        except UsageError as error:
            problem = error.problems[0].what
        except (OSError, SyntaxError, ValueError) as error:
            problem = f"{file} cannot be read: {error}"
        yield Listed(
            name=offer.name,
            file=file,
            description=description,
            package=offer.package,
            version=offer.version,
            problem=problem,
        )


def _offers() -> list[_Offer]:
    from importlib.metadata import entry_points  # noqa: PLC0415 (slow)

    found = {
        _Offer(
            name=point.name,
            module=point.value,
            package=point.dist.name if point.dist else "",
            version=point.dist.version if point.dist else "",
        )
        for point in entry_points(group=GROUP)
    }
    return sorted(found, key=lambda offer: (offer.name, offer.package))


def _find(module: str) -> ModuleSpec | None:
    """Find a module without importing the packages that it is in."""
    path: list[str] | None = None
    spec = None
    names = module.split(".")
    for count in range(1, len(names) + 1):
        name = ".".join(names[:count])
        found = (finder.find_spec(name, path) for finder in sys.meta_path)
        try:
            spec = next(filter(None, found), None)
            places = spec.submodule_search_locations if spec else None
            path = list(places or ())
        except KeyError:  # a namespace in another one asks for the outer one
            return find_spec(module)
        if spec is None or (count < len(names) and places is None):
            return None
    return spec


def _has_steps(tree: ast.Module) -> bool:
    """Return whether a module has a function that is a step of vmdsl's."""
    names = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and not node.level)
        for alias in node.names
        if (node.module if isinstance(node, ast.ImportFrom) else alias.name) == "vmdsl"
    }
    if "*" in names:
        names |= {name: name for name in _STEPS}
    for node in ast.walk(tree):
        for one in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
            match one.func if isinstance(one, ast.Call) else one:
                case ast.Name(id=name) if names.get(name) in _STEPS:
                    return True
                case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                    if names.get(name) == "vmdsl" and attribute in _STEPS:
                        return True
    return False


def _description(tree: ast.Module) -> str:
    """Return the first line of a module's docstring, or ""."""
    return (ast.get_docstring(tree) or "").partition("\n")[0]
