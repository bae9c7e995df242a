"""Recipes in tests and in explanations, of which the first steps stand in files of their own."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import vmdsl
import vmdsl_stdlib

HEADERS = Path(__file__).parent / "typing/wrong/headers"
#: The codes of mistakes that a recipe shows only when it is built, converted or booted.
LATER = {
    *("apt-failed", "build-failed", "command-failed", "filesystem-content", "filesystem-tool"),
    *("ids", "image-place", "image-script", "needs-root", "no-room", "no-vmdb2-step"),
    *("nothing-to-boot", "operation", "secret-missing"),
}


def with_header(text: str) -> str:
    """A recipe as its author would write it, if its first line names a header of `wrong/headers`.

    The header's lines come before its own; and what it uses of vmdsl and its library is imported.
    """
    first, _, rest = text.partition("\n")
    if not first.startswith("# header: "):
        return text
    body = _header(first) + rest
    try:
        tree = ast.parse(body)
    except SyntaxError:
        return f"from vmdsl import *\n\n\n{body}"
    known = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - known
    imports = [
        f"from {package.__name__} import {', '.join(names)}"
        for package in (vmdsl, vmdsl_stdlib)
        if (names := sorted(used & {*package.__all__}))
    ]
    return "\n".join([first, *imports, "", "", body])


def _header(line: str) -> str:
    """The text that a first line names, below the one that its own first line names."""
    found = re.match(r"# header: (\w+)", line)
    if not found:
        return ""
    text = (HEADERS / f"{found[1]}.py").read_text("utf-8")
    return _header(text.partition("\n")[0]) + text
