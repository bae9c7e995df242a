"""The settings of a project for vmdsl: the table `[tool.vmdsl]` of its pyproject.toml."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vmdsl.errors import Problem, RecipeError, Where

_FILE = "pyproject.toml"
_TABLE = re.compile(r"\s*\[\s*tool\s*\.\s*vmdsl\s*\]")


@dataclass(frozen=True, kw_only=True)
class Project:
    """A pyproject.toml that has a table for vmdsl, and its lines."""

    file: Path
    table: Mapping[str, Any]
    lines: Sequence[str]

    def where(self, text: str) -> Where:
        """Return the first line of the table that has a text, or that of the table."""
        start = next((n for n, line in enumerate(self.lines) if _TABLE.match(line)), 0)
        word = re.compile(rf"(?<![\w.:-]){re.escape(text)}(?![\w.:-])")
        for number, line in enumerate(self.lines[start:], start + 1):
            if word.search(line):
                return Where(self.file, number)
        return Where(self.file, start + 1)


def project_of(recipe: Path) -> Project | None:
    """Return the next pyproject.toml above a recipe that has a table for vmdsl, or None.

    For a recipe in an installed package, that is the project of the current directory. Raises
    RecipeError if such a file is not TOML.
    """
    installed = {"site-packages", "dist-packages"}.intersection(recipe.parts)
    start = Path.cwd() if installed else recipe.resolve().parent
    for folder in (start, *start.parents):
        try:
            text = (folder / _FILE).read_bytes().decode()
        except (OSError, UnicodeDecodeError):
            continue
        if "vmdsl" in text and (table := _table(text, folder / _FILE)) is not None:
            return Project(file=folder / _FILE, table=table, lines=text.splitlines())
    return None


def _table(text: str, file: Path) -> Mapping[str, Any] | None:
    import tomllib  # noqa: PLC0415 (slow, and most recipes are in no project for vmdsl)

    try:
        table = tomllib.loads(text).get("tool", {}).get("vmdsl")
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        where = Where(file, int(line[1]) if line else 0)
        what = f"this is not TOML: {str(error).partition(' (at')[0]}"
        raise RecipeError(Problem(what=what, code="wrong-policy", where=where)) from None
    return table if table is None or isinstance(table, dict) else {}
