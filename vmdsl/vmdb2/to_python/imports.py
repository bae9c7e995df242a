"""The imports of a recipe, in the order that isort wants."""

from __future__ import annotations

from collections import defaultdict

from vmdsl.vmdb2.to_python.layout import WIDTH

_PYTHONS_OWN = ("pathlib", "typing", "uuid")


class Imports:
    """What a recipe imports; it grows while the recipe is written."""

    def __init__(self) -> None:
        self._names: defaultdict[str, set[str]] = defaultdict(set)

    def use(self, name: str, module: str = "vmdsl") -> str:
        """The name, which is imported; of `Secret.from_file`, the first word is."""
        self._names[module].add(name.partition(".")[0])
        return name

    def lines(self) -> list[str]:
        """The statements, those for Python's own modules apart."""
        own = [
            line
            for name in sorted(self._names)
            if name in _PYTHONS_OWN
            for line in self._from(name)
        ]
        others = [
            line
            for name in sorted(self._names)
            if name not in _PYTHONS_OWN
            for line in self._from(name)
        ]
        return [*own, *([""] if own and others else []), *others]

    def _from(self, module: str) -> list[str]:
        names = sorted(self._names[module], key=_place)
        line = f"from {module} import {', '.join(names)}"
        if len(line) <= WIDTH:
            return [line]
        return [f"from {module} import (", *(f"    {name}," for name in names), ")"]


def _place(name: str) -> tuple[int, str, str]:
    """Constants first, then classes."""
    kind = 0 if name.isupper() else 1 if name[0].isupper() else 2
    return kind, name.lower(), name
