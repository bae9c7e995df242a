"""The modules that belong to a recipe: those beside it, and those of its own package."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

_VMDSL = ("vmdsl", "vmdsl_stdlib")
_IGNORE = re.compile(r"#\s*type:\s*ignore")


def own_modules(recipe: Path) -> list[Path]:
    """Return a recipe, and the modules of its author that it imports, or that these import.

    A module of its package that does not use vmdsl is left out.
    """
    found = [recipe]
    if "-packages" in recipe.parent.name:  # what is beside it is anybody's
        return found
    package = _root(recipe)
    own = recipe.relative_to(package).parts[0]
    for file in found:  # grows meanwhile
        tree = _tree(file)
        for level, names in _imports(tree):
            if level:
                bases: Sequence[Path] = (file.parents[min(level, len(file.parents)) - 1],)
            else:
                bases = (recipe.parent, *((package,) if names[0] == own else ()))
            for base in bases:
                found += [
                    path
                    for path in _files(base, names)
                    if path not in found
                    and (level or _root(path) == base)  # else mypy gives it another name
                    and (path.is_relative_to(recipe.parent) or _uses_vmdsl(_tree(path)))
                ]
    return found


def apart(file: Path, folder: Path) -> Path:
    """Return the path of a module by a link to its package, if that is installed.

    The link is alone in a folder below `folder`: where a module's package is, mypy takes all that
    is installed for code of the same author. Raises OSError.
    """
    root = _root(file)
    if "-packages" not in root.name:
        return file
    own = file.relative_to(root)
    package = root / own.parts[0]
    link = folder / hashlib.sha256(bytes(package)).hexdigest() / package.name
    link.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        link.symlink_to(package)
    return link.parent / own


def _uses_vmdsl(tree: ast.Module) -> bool:
    return any(
        name.partition(".")[0] in _VMDSL
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    )


def _root(file: Path) -> Path:
    """Return the folder that the outermost package of a module is in, or its own folder."""
    folder = file.parent
    while (folder / "__init__.py").is_file() and folder != folder.parent:
        folder = folder.parent
    return folder


@lru_cache(maxsize=8)
def parsed(source: str) -> ast.Module:
    """Return the syntax tree of a module, which is kept: nobody may change it.

    It has the comments `# type: ignore`. Raises SyntaxError or ValueError.
    """
    if _IGNORE.search(source):
        with suppress(SyntaxError):  # of another comment on types
            return ast.parse(source, type_comments=True)
    return ast.parse(source)


def _tree(file: Path) -> ast.Module:
    """Return the syntax tree of a module; an empty one if it has none."""
    try:
        return parsed(file.read_text(encoding="utf-8-sig"))
    except (OSError, SyntaxError, ValueError):
        return ast.Module(body=[], type_ignores=[])


def _imports(tree: ast.Module) -> Iterator[tuple[int, list[str]]]:
    """Yield the dots and the names of each import; the last name may be that of no module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module.split(".") if node.module else []
            yield from ((node.level, [*module, alias.name]) for alias in node.names)


def _files(base: Path, names: Sequence[str]) -> Iterator[Path]:
    """Yield the files of a module and of the packages that it is in."""
    if names[0] in _VMDSL:
        return
    for count in range(1, len(names) + 1):
        place = base.joinpath(*names[:count])
        for path in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
            if path.is_file():
                yield path
