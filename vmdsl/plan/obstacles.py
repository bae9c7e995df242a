"""What cannot be built yet, though nothing is wrong with it: its plan may be shown."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence

from vmdsl.errors import Problem
from vmdsl.language.handles import LogicalVolume, Luks, VolumeGroup
from vmdsl.language.operation import Operation
from vmdsl.machines import Arch
from vmdsl.operations.systems.roots import RootMaker


def obstacles(operations: Sequence[Operation]) -> tuple[Problem, ...]:
    """All that this machine or this version of vmdsl cannot build, each at its operation."""
    found = [*_foreign_systems(operations), *_volumes(operations)]
    return tuple(sorted(found, key=lambda p: p.where.line if p.where else 0))


def _volumes(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Encrypted devices, and volumes of LVM."""
    for operation in operations:
        if isinstance(operation, Luks | VolumeGroup | LogicalVolume):
            kind = "LUKS" if isinstance(operation, Luks) else "LVM"
            yield operation.problem(
                f"{kind} cannot be built yet", "to build an image now, format the partition itself"
            )


def _foreign_systems(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Systems whose programs this machine cannot run."""
    machine = platform.machine()
    native = [arch for arch in Arch if machine in arch.traits.built_on]
    for operation in operations:
        if isinstance(operation, RootMaker) and operation.arch not in native:
            hints = [f"choose {' or '.join(native)}"] if native else []
            hints += [f"build it on a machine that is {m}" for m in operation.arch.traits.built_on]
            yield operation.problem(
                f"{operation.arch} cannot be built on this machine ({machine}) yet",
                ", or ".join(hints),
            )
