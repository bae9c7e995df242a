"""What must hold of the systems in the trees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vmdsl.errors import Hint, Problem, code
from vmdsl.language.effects import TreeOperation
from vmdsl.language.handles import Mounted, RootFs
from vmdsl.language.operation import Operation
from vmdsl.operations.systems.roots import RootMaker
from vmdsl.operations.systems.tarballs import UnpackRootfs


def system_comes_first(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Report a second system in a tree, and what changes the tree before there is a system."""
    systems: dict[int, RootMaker] = {}
    changed: dict[int, TreeOperation] = {}
    unpacked: dict[int, UnpackRootfs] = {}
    for operation in operations:
        if not isinstance(operation, TreeOperation):
            continue
        tree = id(_bottom(operation.root))
        if isinstance(operation, UnpackRootfs):
            unpacked[tree] = operation
            if early := systems.get(tree) or changed.get(tree):
                yield operation.problem(
                    f"the tree is no longer empty ({early.origin.where})",
                    "unpack first, and debootstrap only what was not unpacked",
                )
        elif isinstance(operation, RootMaker):
            other = systems.setdefault(tree, operation)
            if other is not operation:
                yield operation.problem(
                    f"{operation.root.shown} holds a system already ({other.origin.where})",
                    "make it once; apt adds packages",
                )
            elif tree in changed:
                yield changed[tree].problem(
                    "it changes the tree before there is a system in it "
                    f"({operation.origin.where})",
                    "the system wants an empty tree: move this step below it",
                )
            elif tree in unpacked and operation.unless is not unpacked[tree].fact:
                yield operation.problem(
                    "it would go into the system of the tarball, if there is one "
                    f"({unpacked[tree].origin.where})",
                    Hint("add ", code("", unless=unpacked[tree].as_code)),
                    about="unless",
                )
        else:
            changed.setdefault(tree, operation)


def _bottom(root: object) -> object:
    """Return the root filesystem of the tree that an operation changes."""
    mounted = root.mounted if isinstance(root, RootFs) else root
    while isinstance(mounted, Mounted) and mounted.on is not None:
        mounted = mounted.on
    return mounted
