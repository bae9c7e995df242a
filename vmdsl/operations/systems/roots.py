"""The base of operations that fill the empty tree with a system."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from vmdsl.errors import Hint, Problem, code
from vmdsl.language.effects import Tree, TreeOperation
from vmdsl.language.handles import Mounted, RootFs, image_of, traits_of
from vmdsl.language.operation import Fact, Operation, code_of, operation, refuse, shown_name
from vmdsl.machines import Arch
from vmdsl.operations.packages.archives import suite_meant
from vmdsl.values import Suite, debian_suites

_PROXY = re.compile(r"(https?|socks5h?)://[^\s/]+/?")


@operation
class SystemSource(TreeOperation):
    """Fills the empty tree with a system, or does so if there is one to be found."""

    reads_layout = False
    fills_tree = True
    #: Whether it takes what is on a filesystem already.
    keeps_files: ClassVar[bool] = False

    @property
    def found(self) -> Fact | None:
        """Whether there is a system to fill the tree with; None where there always is."""
        return None

    def check_plan(self, operations: Sequence[Operation], *, complete: bool) -> Iterator[Problem]:
        """Report a second system in the tree, and what changes the tree before there is one."""
        del complete
        tree = _bottom(self.root)
        above = [
            o
            for o in operations[: operations.index(self)]
            if isinstance(o, TreeOperation) and _bottom(o.root) is tree
        ]
        sources = [o for o in above if isinstance(o, SystemSource)]
        systems = [source for source in sources if source.found is None]
        tarballs = [source for source in sources if source.found is not None]
        changes = [o for o in above if not isinstance(o, SystemSource)]
        if image_of(self.root.filesystem) is not None and not self.keeps_files:
            yield self.problem(
                f"the system that {shown_name(self.root)} has would be lost",
                Hint("take it: ", code("existing_system", code_of(self.root))),
                code="existing-image",
            )
        if self.found is not None:
            for early in [*systems, *changes][:1]:
                yield self.problem(
                    f"the tree is no longer empty ({early.origin.where})",
                    "unpack first, and debootstrap only what was not unpacked",
                    code="tree-order",
                )
        elif systems:
            yield self.problem(
                f"{shown_name(self.root)} holds a system already ({systems[0].origin.where})",
                "make it once; apt adds packages",
                code="only-one",
            )
        elif changes:
            yield changes[0].problem(
                f"it changes the tree before there is a system in it ({self.origin.where})",
                "the system wants an empty tree: move this step below it",
                code="tree-order",
            )
        elif tarballs and self.unless is not tarballs[-1].found:
            yield self.problem(
                "it would go into the system of the tarball, if there is one "
                f"({tarballs[-1].origin.where})",
                Hint("add ", code("", unless=code_of(tarballs[-1]))),
                about="unless",
                code="tree-order",
            )


@operation
class RootMaker(SystemSource):
    """Fills the empty tree with a system of a suite and an architecture."""

    suite: Suite
    arch: Arch

    def check_plan(self, operations: Sequence[Operation], *, complete: bool) -> Iterator[Problem]:
        """Report a filesystem without owners, and an architecture that has no kernel any more."""
        yield from super().check_plan(operations, complete=complete)
        filesystem, place = self.root.filesystem, shown_name(self.root)
        if not traits_of(filesystem).has_owners:
            what = f"a system cannot be on {filesystem.kind}, which {place} is"
            yield self.problem(what, "format it with ext4", about="mounted", code="root-filesystem")
        known, suite, last = debian_suites(), self.suite.name, self.arch.traits.last_suite
        late = known[known.index(last) + 1 :] if last else ()
        if suite.partition("-")[0] in late:
            yield self.problem(
                f"{suite} has no kernel for {self.arch}, so the image could not boot",
                f"{last} is the last that has one; or choose amd64",
                code="architecture",
            )

    def complete(self, tree: Tree) -> None:
        """Do the rest, for which the system must be as if it ran: see `in_system`."""

    def unpack_native(self, tree: Tree, packages: Sequence[str], place: Path) -> bool:
        """Unpack packages of the system's suite, and what they need, for this machine.

        None of their scripts run. Returns whether that was possible: it is where the archive is
        known that the system comes from. Raises VmdslError.
        """
        del tree, packages, place
        return False


def _bottom(root: object) -> object:
    """Return the root filesystem of the tree that an operation changes."""
    mounted = root.mounted if isinstance(root, RootFs) else root
    while isinstance(mounted, Mounted) and mounted.on is not None:
        mounted = mounted.on
    return mounted


def check_place(mounted: Mounted[Any]) -> None:
    """Refuse a system anywhere but in the root filesystem."""
    if mounted.on is not None:
        raise refuse(
            f"a system at {mounted.path}",
            "give the filesystem that is mounted at /",
            about="mounted",
            code="root-filesystem",
        )


def check_proxy(proxy: str) -> None:
    """Refuse what is not the address of a proxy, unless it is empty."""
    if proxy and not _PROXY.fullmatch(proxy):
        raise refuse(
            f"{proxy!r} is not the address of a proxy",
            "such as http://proxy.example:3128",
            about="proxy",
            code="mirror",
        )


def suite_of(suite: Suite | str) -> Suite:
    """Return the suite that a recipe names; refuse what is not a name."""
    if isinstance(suite, Suite):
        return suite
    try:
        return Suite.parse(suite)
    except ValueError:
        what = f"{suite!r} is not the name of a suite"
        raise refuse(
            what, suite_meant(suite) or "such as trixie", about="suite", code="suite"
        ) from None
