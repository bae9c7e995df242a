"""A policy of Acme's: what every image must have."""

from __future__ import annotations

from collections.abc import Iterator

from acme.inventory import Inventory
from vmdsl.policies import Finding, Plan


def has_inventory(plan: Plan) -> Iterator[Finding]:
    """Every image lists the packages in it."""
    if not any(isinstance(operation, Inventory) for operation in plan.tree_operations):
        yield Finding(what="the image has no inventory", hint="call write_inventory(system())")
