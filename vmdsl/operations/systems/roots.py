"""What fills the empty tree with a system, in whatever way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from vmdsl.errors import Problem
from vmdsl.language.effects import TreeOperation
from vmdsl.language.handles import Mounted
from vmdsl.language.operation import Operation, operation, refuse
from vmdsl.machines import Arch
from vmdsl.values import Suite, debian_suites

_PROXY = re.compile(r"(https?|socks5h?)://[^\s/]+/?")


@operation
class RootMaker(TreeOperation):
    """What fills the empty tree with a system."""

    reads_layout = False

    suite: Suite
    arch: Arch

    def check_plan(self, operations: Sequence[Operation], *, complete: bool) -> Iterator[Problem]:
        """Report a filesystem without owners, and an architecture that has no kernel any more."""
        yield from super().check_plan(operations, complete=complete)
        filesystem, place = self.root.filesystem, self.root.shown
        if not filesystem.traits.has_owners:
            what = f"a system cannot be on {filesystem.kind}, which {place} is"
            yield self.problem(what, "format it with ext4", about="mounted")
        known, suite, last = debian_suites(), self.suite.name, self.arch.traits.last_suite
        late = known[known.index(last) + 1 :] if last in known else ("trixie", "sid")
        if last and suite.partition("-")[0] in late:
            yield self.problem(
                f"{suite} has no kernel for {self.arch}, so the image could not boot",
                f"{last} is the last that has one; or choose amd64",
            )


def check_place(mounted: Mounted[Any]) -> None:
    """Refuse a system anywhere but in the root filesystem."""
    if mounted.on is not None:
        raise refuse(
            f"a system at {mounted.path}",
            "give the filesystem that is mounted at /",
            about="mounted",
        )


def check_proxy(proxy: str) -> None:
    """Refuse what is not the address of a proxy, unless it is empty."""
    if proxy and not _PROXY.fullmatch(proxy):
        raise refuse(
            f"{proxy!r} is not the address of a proxy",
            "such as http://proxy.example:3128",
            about="proxy",
        )


def suite_of(suite: Suite | str) -> Suite:
    """Return the suite that a recipe names; refuse what is not a name."""
    if isinstance(suite, Suite):
        return suite
    try:
        return Suite.parse(suite)
    except ValueError as error:
        what, _, hint = str(error).partition(", ")
        raise refuse(what, hint, about="suite") from None
