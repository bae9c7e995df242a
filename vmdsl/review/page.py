"""A plan as a page for a browser: one file, which loads nothing and runs no scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from vmdsl.plan.plan import Plan
from vmdsl.review.bar import parts
from vmdsl.review.describe import TREE, describe
from vmdsl.review.outline import Node, lines_of
from vmdsl.values import Size

_TEMPLATE = Path(__file__).with_name("page.html")


@dataclass(frozen=True, kw_only=True)
class State:
    """The state of an operation in the cache: `how` is "cached", "skipped", or "" if it must run.

    `reason` says why it must.
    """

    how: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A part of the disk; `words` is its size in words."""

    number: int
    name: str
    size: int
    words: str


def page(plan: Plan, states: Sequence[State] = ()) -> str:
    """Return the page of a plan. `states` are those of the operations on the tree, if known."""
    found = [
        _Part(
            number=part.number,
            name=part.name,
            size=part.size,
            words=f"{'≥ ' if part.least else ''}{Size(part.size)}",
        )
        for part in parts(plan.layout, plan.image_operations)
    ]
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    environment.filters.update(shown=_shown, text=_text)
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        outline=describe(plan),
        parts=found,
        total=sum(part.size for part in found) or 1,
        states=dict(enumerate(states)),
        tree=TREE,
        obstacles=[one.what for one in plan.obstacles],
        findings=plan.findings,
    )


def _shown(value: str) -> str:
    """Return a value without characters that change how others are shown."""
    return value if value.isprintable() else value.encode("unicode_escape").decode("ascii")


def _text(node: Node) -> str:
    return "\n".join(lines_of(Node(name="", text=node.text)))
