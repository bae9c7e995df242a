"""The packages that the steps of a plan name: what is sure to be installed before it is built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vmdsl.errors import Hint, code
from vmdsl.language.effects import TreeOperation
from vmdsl.language.operation import Operation
from vmdsl.values import debian_suites, is_debian_suite, split_suite

KERNEL = "linux-image"


def installing(package: str) -> Hint:
    """Return the hint to install a package."""
    return Hint("add it to the packages, as in ", code("apt", code("system"), package))


@dataclass(frozen=True, kw_only=True)
class Named:
    """Packages by name: all, and those that were not removed again.

    With `other_archives`, some may come from another archive than Debian's, by other names.
    """

    ever: frozenset[str]
    present: frozenset[str]
    other_archives: bool

    @property
    def has_kernel(self) -> bool:
        """Whether a kernel is among them, or may be."""
        return self.other_archives or any(name.startswith(KERNEL) for name in self.present)


def suites_above(operation: Operation, operations: Sequence[Operation]) -> frozenset[str]:
    """Return the suites of apt's sources as the operations above one make them.

    Returns none if there may be others, by a script or a file, or of an archive that calls itself
    by another name.
    """
    found: set[str] = set()
    for above in operations[: operations.index(operation)]:
        if not isinstance(above, TreeOperation):
            continue
        suites = above.suites()
        if (
            above.installs_anything
            or (above.adds_archive() and not suites)
            or above.unless is not None
        ):
            return frozenset()
        found.update(suites)
    return frozenset(found) if all(map(_is_part_of_a_release, found)) else frozenset()


def is_missing(suite: str, suites: frozenset[str]) -> bool:
    """Return whether a suite is one of Debian's, and none of those that the sources have."""
    return bool(suites) and _is_part_of_a_release(suite) and suite not in suites


def _is_part_of_a_release(suite: str) -> bool:
    return is_debian_suite(suite) and split_suite(suite)[0] in debian_suites()


def named_above(operation: Operation, operations: Sequence[Operation]) -> Named | None:
    """Return the packages that the operations above one name.

    Returns None where one of them may have installed any package.
    """
    ever: set[str] = set()
    present: set[str] = set()
    other_archives = False
    for above in operations[: operations.index(operation)]:
        if not isinstance(above, TreeOperation):
            continue
        if above.installs_anything:
            return None
        ever.update(above.packages_named())
        present.update(above.packages_named())
        # Where one kernel is removed, others may be left.
        present.difference_update(p for p in above.packages_removed() if not p.startswith(KERNEL))
        other_archives |= above.adds_archive()
    return Named(ever=frozenset(ever), present=frozenset(present), other_archives=other_archives)
