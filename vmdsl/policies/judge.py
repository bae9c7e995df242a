"""A plan with what the policies of its project find in it."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace

from vmdsl.errors import Advice, Problem, RecipeError, Where
from vmdsl.language.operation import origin_of, problem_in
from vmdsl.plan.plan import Plan, Remark, Waiver
from vmdsl.plan.project import Project
from vmdsl.policies.chosen import Named, known_names, project_policies
from vmdsl.policies.finding import Finding
from vmdsl.policies.waivers import EXAMPLE, Allowed, allowed_by, remarks_in
from vmdsl.similar import did_you_mean


def judged(plan: Plan, project: Project, remarks: Sequence[Remark] | None = None) -> Plan:
    """Return a plan with the findings of its project's policies, and those that it allows.

    `remarks` are the comments of a recipe that is not in Python. Raises RecipeError if a policy is
    wrong itself.
    """
    with project_policies(project) as policies:
        found = [(one, problem) for one in policies for problem in _findings(one, plan)]
    if not policies:
        return plan
    allowed = allowed_by(remarks_in(plan.recipe) if remarks is None else remarks)
    findings: list[Problem] = [
        _without_reason(one) for one in allowed if not (one.reason and one.policies)
    ]
    waivers: list[Waiver] = []
    used: set[tuple[int, str]] = set()
    for named, problem in found:
        line = problem.where.line if problem.where else 0
        by = [one for one in allowed if named.name in one.policies and one.covers(line)]
        used.update((id(one), named.name) for one in by)
        reasons = [one.reason for one in by if one.reason]
        if reasons:
            waivers.append(Waiver(finding=problem, reason=reasons[0]))
        elif not by:  # as other problems of a specification it has a path, and no step
            findings.append(replace(problem, step="") if remarks is not None else problem)
    unused = _unused(plan, [one.name for one in policies], allowed, used)
    return replace(
        plan,
        findings=tuple(sorted(findings, key=_place)),
        waivers=tuple(sorted(waivers, key=lambda waiver: _place(waiver.finding))),
        warnings=(*plan.warnings, *unused),
    )


def _place(problem: Problem) -> tuple[int, int]:
    return (problem.where.line, problem.where.column) if problem.where else (0, 0)


def _findings(named: Named, plan: Plan) -> Iterator[Problem]:
    """Yield the findings of a policy, each of them once."""
    try:
        returned: list[object] = list(named.policy(plan))
    except RecipeError:
        raise
    except Exception as error:  # noqa: BLE001 (a policy may raise anything)
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = "" if frame.filename == __file__ else f" ({frame.filename}:{frame.lineno})"
        raise _failed(named, f"{type(error).__name__}: {error}{place}") from None
    found = [one for one in returned if isinstance(one, Finding)]
    for other in returned:
        if not isinstance(other, Finding):
            raise _failed(named, f"it returns {other!r:.40}, which is not a Finding")
    seen: set[Problem] = set()
    for one in found:
        if one.at is None:
            where = Where(plan.recipe)
            problem = Problem(what=one.what, code=named.name, where=where, hint=one.hint)
        else:
            problem = problem_in(one.at, one.what, one.hint, code=named.name, about=one.about)
        if problem not in seen:
            seen.add(problem)
            yield problem


def _failed(named: Named, why: str) -> RecipeError:
    hint = "a policy returns or yields a Finding for each thing that it does not allow"
    what = f"the policy {named.name} fails: {why}"
    return RecipeError(Problem(what=what, code="wrong-policy", where=named.where, hint=hint))


def _without_reason(allowed: Allowed) -> Problem:
    missing = "a reason" if allowed.policies else "the policy that it is about"
    return Problem(
        what=f"this allows something without {missing}",
        code="waiver-without-reason",
        where=allowed.remark.where,
        hint=f"write: {EXAMPLE}",
    )


def _unused(
    plan: Plan, active: Sequence[str], allowed: Sequence[Allowed], used: set[tuple[int, str]]
) -> Iterator[Problem]:
    """Warn of comments that allow nothing, if the code that they are about is run here."""
    run = {origin_of(operation).where.line for operation in plan.operations}
    for one in allowed:
        for name in one.policies:
            known = (*active, *known_names())
            if name not in known:
                what, hint = f"there is no policy {name}", did_you_mean(name, known)
            elif name not in active or (id(one), name) in used:
                continue
            elif one.remark.of_all or any(map(one.covers, run)):
                what = f"{name} finds nothing that this would allow"
                hint = "remove the comment"
            else:
                continue
            yield Advice(what=what, code="unused-waiver", where=one.remark.where, hint=hint)
