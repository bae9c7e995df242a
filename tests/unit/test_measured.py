"""Which lines of a module are marked when it runs."""

from __future__ import annotations

import ast
import builtins
from textwrap import dedent

import pytest

import marks
import measured


def lines_run(monkeypatch: pytest.MonkeyPatch, source: str) -> list[int]:
    """Run a module, and return the lines that it has marked."""
    text = dedent(source).lstrip("\n")
    ran = bytearray(100)
    monkeypatch.setattr(builtins, marks.MARKS, ran, raising=False)
    code = compile(measured.marking(ast.parse(text), 0), "module.py", "exec", dont_inherit=True)
    module: dict[str, object] = {"__name__": "module"}
    exec(code, module)  # noqa: S102 (as an import does)
    return [line for line, mark in enumerate(ran) if mark]


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("a = 1\nb = 2\n", [1, 2]),
        ("a = 1\nif a > 1:\n    b = 2\nelif a:\n    b = 3\nelse:\n    b = 4\n", [1, 2, 4, 5]),
        ('"""Text."""\n\nfrom __future__ import annotations\n\na = __doc__[0]\n', [1, 3, 5]),
        ("def f():\n    return 1\n\n\nf\n", [1, 5]),
        ("@staticmethod\n@staticmethod\ndef f():\n    return 1\n\n\nf()\n", [1, 2, 3, 4, 7]),
        ("class A:\n    a = 1\n\n    def f(self):\n        pass\n", [1, 2, 4]),
        ("class A:\n    def f(self):\n        pass\n\n\nA().f()\n", [1, 2, 3, 6]),
        ("a = (\n    1,\n    2,\n)\n", [1]),
        (
            "try:\n    a = {}[1]\n    b = 1\nexcept KeyError:\n    b = 2\nfinally:\n    b = 3\n",
            [1, 2, 4, 5, 7],
        ),
        ("try:\n    a = 1\nexcept KeyError:\n    a = 2\nelse:\n    a = 3\n", [1, 2, 6]),
        ("match 2:\n    case 1:\n        a = 1\n    case 2:\n        a = 2\n", [1, 4, 5]),
        ("for a in (1, 2):\n    continue\nelse:\n    b = 1\n", [1, 2, 4]),
        ("def f():\n    global a\n    a = 1\n\n\nf()\n", [1, 2, 3, 6]),
    ],
)
def test_lines(monkeypatch: pytest.MonkeyPatch, source: str, lines: list[int]) -> None:
    assert lines_run(monkeypatch, source) == lines
