"""Counts which lines of vmdsl run, in all processes of the tests, at little cost.

Before Python 3.12, coverage.py has the interpreter report each line to it, which doubles the time
that code takes. Here, a statement before each one of vmdsl's marks the line in a file that all
processes map: those of other users, too, and those whose root is the tree of a build. Nothing is
left to do when a process ends. What counts as a line, and the report, are coverage.py's.

    measured.py prepare   lets all that this environment's Python runs count
    measured.py save      saves the lines that have run in .coverage

VMDSL_MEASURED names the folder of the run.
"""

from __future__ import annotations

import ast
import json
import marshal
import os
import sys
import sysconfig
from pathlib import Path

from coverage import CoverageData

from marks import CHECKOUT, FOLDER, MARKS, SOURCES, compiled, own_folder

#: Python runs a line of this kind in site-packages when it starts.
_HOOK = (
    f"import os, sys; {FOLDER!r} in os.environ and (sys.path.insert(0, {str(CHECKOUT / 'tests')!r})"
    ", __import__('marks').start(), sys.path.pop(0))\n"
)


def prepare() -> None:
    """Compile this checkout's modules with marks, and have Python load those."""
    folder = own_folder()
    folder.mkdir()
    places: dict[str, tuple[int, int]] = {}
    end = 0
    for source in sorted(path for top in SOURCES for path in (CHECKOUT / top).rglob("*.py")):
        text = source.read_bytes()
        code = compile(marking(ast.parse(text), end), str(source), "exec", dont_inherit=True)
        compiled(folder, source, source.stat()).write_bytes(marshal.dumps(code))
        lines = text.count(b"\n") + 2
        places[str(source.relative_to(CHECKOUT))] = end, lines
        end += lines
    (folder / "places").write_text(json.dumps(places), encoding="utf-8")
    (folder / "marks").write_bytes(bytes(end))
    (folder / "marks").chmod(0o666)
    Path(sysconfig.get_path("purelib"), "vmdsl_measured.pth").write_text(_HOOK, encoding="utf-8")


def save() -> None:
    """Save the lines that have run in any checkout as those of this one."""
    data = CoverageData(str(CHECKOUT / ".coverage"))
    data.erase()
    for table in Path(os.environ[FOLDER]).glob("*/places"):
        places: dict[str, tuple[int, int]] = json.loads(table.read_text("utf-8"))
        marks = table.with_name("marks").read_bytes()
        data.add_lines(
            {
                str(CHECKOUT / name): [line for line in range(lines) if marks[first + line]]
                for name, (first, lines) in places.items()
            }
        )
    data.write()


def marking(module: ast.Module, first: int) -> ast.Module:
    """Put statements into a module that mark its lines; line 1 has the mark after the first."""
    _Marking(first).visit(module)
    return module


class _Marking(ast.NodeTransformer):
    """Puts statements that mark lines before all statements of a module."""

    def __init__(self, first: int) -> None:
        self.first = first

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            statements = getattr(node, name, None)
            if isinstance(statements, list):
                setattr(node, name, self._marked(statements))
        if isinstance(node, ast.ExceptHandler | ast.match_case):
            start = node if isinstance(node, ast.ExceptHandler) else node.pattern
            node.body[:0] = self._marks(node.body[0], start.lineno)
        return node

    def _marked(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        result: list[ast.stmt] = []
        waiting: list[ast.stmt] = []
        for statement in statements:
            decorators = getattr(statement, "decorator_list", [])
            marks = self._marks(statement, *(it.lineno for it in (*decorators, statement)))
            if _has_to_be_first(statement):
                result.append(statement)
                waiting += marks
            else:
                result += [*waiting, *marks, statement]
                waiting = []
        return result + waiting

    def _marks(self, at: ast.stmt, *lines: int) -> list[ast.stmt]:
        marks = ast.parse("\n".join(f"{MARKS}[{self.first + line}] = 1" for line in lines)).body
        for mark in marks:
            for node in ast.walk(mark):
                ast.copy_location(node, at)
        return marks


def _has_to_be_first(statement: ast.stmt) -> bool:
    """Return whether it is a docstring, or may be one, or an import from the future."""
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


if __name__ == "__main__":
    {"prepare": prepare, "save": save}[sys.argv[1]]()
