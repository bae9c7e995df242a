"""The modules that belong to a recipe: beside it, in its package, or in development mode."""

from __future__ import annotations

import ast
import hashlib
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

_VMDSL = ("vmdsl", "vmdsl_stdlib")
_IGNORE = re.compile(r"#\s*type:\s*ignore")


def own_modules(recipe: Path) -> list[Path]:
    """Return a recipe, and the modules of its author that it imports, or that these import.

    A module of its package that does not use vmdsl is left out, and so is one of a package that is
    installed in development mode.
    """
    return list(_own(recipe))


def sources(recipe: Path) -> list[Path]:
    """Return those of a recipe's own modules that mypy is to be given by their files.

    It would give others names that Python does not know. It finds these by their imports.
    """
    near = (recipe.parent, _root(recipe))
    return [file for file, base in _own(recipe).items() if base in near and _root(file) == base]


def developed(recipe: Path) -> list[Path]:
    """Return the packages in development mode whose modules are a recipe's own ones."""
    near = (recipe.parent, _root(recipe))
    found = ((file, base) for file, base in _own(recipe).items() if base not in near)
    return list(dict.fromkeys(base / file.relative_to(base).parts[0] for file, base in found))


def _own(recipe: Path) -> dict[Path, Path]:
    """Return a recipe's own modules, each with the folder that its outermost package is in."""
    package = _root(recipe)
    near = (recipe.parent, package)
    found = {recipe: package}
    if "-packages" in recipe.parent.name:  # what is beside it is anybody's
        return found
    own = recipe.relative_to(package).parts[0]
    waiting = [recipe]
    for file in waiting:  # grows meanwhile
        for level, names in _imports(_tree(file)):
            if level:
                starts = {file.parents[min(level, len(file.parents)) - 1]: found[file]}
            else:
                bases = [recipe.parent, *([package] if names[0] == own else [])]
                starts = {base: base for base in (*bases, *_outside(names[0]))}
            for start, base in starts.items():
                for path in _files(start, names):
                    is_near = base in near and path.is_relative_to(recipe.parent)
                    is_new = path not in found and path.is_relative_to(base)
                    if is_new and (is_near or _uses_vmdsl(_tree(path))):
                        found[path] = base
                        waiting.append(path)
    return found


def _outside(name: str) -> list[Path]:
    """Return the folders with a package, if Python finds it elsewhere than installed ones.

    Packages in development mode (`pip install -e`) are where their author works on them.
    """
    if name in _VMDSL or name in sys.stdlib_module_names:
        return []
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return []
    if spec is None:
        return []
    places = [*(spec.submodule_search_locations or filter(None, [spec.origin]))]
    return [
        place.parent
        for place in map(Path, places)
        if not any(part.endswith("-packages") for part in place.parts)
    ]


def apart(file: Path, folder: Path) -> Path:
    """Return the path of a module by a link to its package, if that is installed. Raises OSError.

    Where a module's package is, mypy takes all that is installed for code of the same author.
    """
    root = _root(file)
    if "-packages" not in root.name:
        return file
    own = file.relative_to(root)
    return linked(root / own.parts[0], folder).parent / own


def linked(package: Path, folder: Path) -> Path:
    """Return a link to a package that is alone in a folder below `folder`. Raises OSError."""
    link = folder / hashlib.sha256(bytes(package)).hexdigest() / package.name
    link.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        link.symlink_to(package)
    return link


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
