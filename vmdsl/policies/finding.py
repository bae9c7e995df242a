"""Policies: functions that look at a whole plan, and report what they do not allow."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from vmdsl.language.operation import Operation
from vmdsl.plan.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something in a plan that a policy does not allow.

    `what` is a short sentence, and `hint` says what to do instead. `at` is the operation that does
    it: the finding is reported at its line, and can be allowed there. Without one it is about the
    whole recipe. `about` is the argument that is meant, by its name.
    """

    what: str
    at: Operation | None = None
    hint: str = ""
    about: str = ""


#: A policy: it returns nothing, an empty list, if all is well, or else its findings. It may have
#: settings, which are keyword-only parameters.
Policy = Callable[[Plan], Iterable[Finding]]
