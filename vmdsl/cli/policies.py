"""Plans with what the policies of their project find, which are loaded only if there are some."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout

from vmdsl.plan.plan import Plan, Remark
from vmdsl.plan.project import project_of


def with_findings(plan: Plan, remarks: Sequence[Remark] | None = None) -> Plan:
    """Return a plan with the findings of its project's policies.

    `remarks` are the comments of a recipe that is not in Python.
    """
    project = project_of(plan.recipe)
    if project is None:
        return plan
    from vmdsl.policies.judge import judged  # noqa: PLC0415 (slow, and not always needed)

    with redirect_stdout(sys.stderr):  # standard output is ours alone
        return judged(plan, project, remarks)
