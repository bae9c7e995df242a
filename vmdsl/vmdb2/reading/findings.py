"""The mistakes that are found in a specification, and warnings, until all are reported."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from vmdsl.errors import Problem, Where


@dataclass
class Findings:
    """Problems and warnings. With `lenient`, what vmdb2 ignores is only a warning."""

    lenient: bool
    _problems: list[Problem] = field(default_factory=list)
    _warnings: list[Problem] = field(default_factory=list)

    def wrong(self, where: Where, what: str, hint: str, *, code: str) -> None:
        """Note a problem."""
        self._problems.append(Problem(what=what, code=code, where=where, hint=hint))

    def odd(self, where: Where, what: str, hint: str, *, code: str) -> None:
        """Note a warning."""
        self._warnings.append(Problem(what=what, code=code, where=where, hint=hint))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems, in the order of their places."""
        return _in_order(self._problems)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The warnings, in the order of their places."""
        return _in_order(self._warnings)


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return problems sorted, each once: what an alias repeats is at one place."""
    known = {(p.where and (p.where.line, p.where.column), p.what): p for p in reversed([*problems])}
    return tuple(
        sorted(known.values(), key=lambda p: (p.where.line, p.where.column) if p.where else (0, 0))
    )
