"""A plan as JSON, for programs. `plan.schema.json`, beside this module, describes it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vmdsl.errors import Problem
from vmdsl.language.effects import TreeOperation
from vmdsl.language.operation import Operation, Work, summary_of
from vmdsl.plan.plan import Plan
from vmdsl.plan.render import Encoder, layout_data
from vmdsl.review.describe import subject_of
from vmdsl.review.local import LocalFile, local_files

#: The JSON Schema of what `plan_json` returns.
SCHEMA = Path(__file__).with_name("plan.schema.json")
#: Grows when a field is taken away, or changes its meaning; not when one is added.
FORMAT_VERSION = 1


def plan_json(plan: Plan) -> str:
    """Return a whole plan as JSON. Sizes and offsets are in bytes; a handle is its step's name.

    Only the obstacles and the warnings depend on this machine and the day. The size of a partition
    that grows with its content is null, and so is the start of a partition behind it. Raises
    HostError if a local file cannot be read.
    """
    encode = Encoder(plan)
    document = {
        "format_version": FORMAT_VERSION,
        "recipe": plan.recipe.name,
        "seed": plan.seed,
        "options": {
            o.name: {"value": encode.value(o.value), "given": o.given} for o in plan.options
        },
        "layout": layout_data(plan.layout, encode),
        "operations": [
            {**encode.operation(operation), **_about(operation)} for operation in plan.operations
        ],
        "obstacles": _problems(plan.obstacles),
        "warnings": _problems(plan.warnings),
        "findings": _problems(plan.findings),
        "waivers": [
            {**problem, "reason": waiver.reason}
            for waiver, problem in zip(
                plan.waivers, _problems(one.finding for one in plan.waivers), strict=True
            )
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _about(operation: Operation) -> dict[str, Any]:
    """Return what is known of an operation besides its arguments."""
    packages = operation.packages_named() if isinstance(operation, TreeOperation) else ()
    return {
        "summary": summary_of(operation),
        "subject": subject_of(type(operation)),
        "packages": list(packages),
        "reads": [_local(file) for file in local_files(operation)],
        "network": operation.network() if isinstance(operation, Work) else "",
    }


def _local(file: LocalFile) -> dict[str, Any]:
    return {
        "path": file.path,
        "sha256": file.sha256 or None,
        "executable": file.executable,
        "target": file.target or None,
    }


def _problems(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    return [
        {
            "code": p.code,
            "step": p.step,
            "line": p.where.line if p.where else 0,
            "what": p.what,
            "hint": p.hint,
        }
        for p in problems
    ]
