"""Whether a root filesystem that is to grow can."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vmdsl.errors import Problem
from vmdsl.language.handles import Partition
from vmdsl.language.layout import Layout
from vmdsl.language.operation import Operation
from vmdsl.operations.systems.growth import GrowRoot


def root_has_room_to_grow(operations: Sequence[Operation], layout: Layout) -> Iterator[Problem]:
    """It is a filesystem that can, on the last partition of the disk."""
    for operation in operations:
        if not isinstance(operation, GrowRoot):
            continue
        root = operation.root.mounted.filesystem
        if not root.traits.can_grow:
            yield operation.problem(
                f"{root.kind} cannot grow while it is in use", "format it with ext4"
            )
        partition = root.device
        if not isinstance(partition, Partition):
            yield operation.problem(
                f"{root.shown} cannot grow: it is on {partition.shown}, which is no partition",
                "leave this out, or format a partition",
            )
            continue
        if partition.extended is not None:
            yield operation.problem(
                f"{partition.shown} cannot grow: it is in an extended partition",
                "give the root a partition that isn't, after all others",
            )
        place = layout.of_partition(partition)
        for other in layout.partitions:
            if other.start > place.start:
                yield operation.problem(
                    f"{partition.shown} cannot grow: {other.partition.shown} is behind it on "
                    f"the disk ({other.partition.origin.where})",
                    f"make {partition.shown} after all others",
                )
                break
