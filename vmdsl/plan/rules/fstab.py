"""What must hold of /etc/fstab: each line has a name for what it mounts, and a place of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vmdsl.errors import Problem
from vmdsl.language.handles import Filesystem, Mounted, Msdos, Partition
from vmdsl.language.operation import Operation
from vmdsl.operations.disk.swap import Swap
from vmdsl.operations.files.fstab import Fstab, place_of


def fstab_names_are_there(operations: Sequence[Operation]) -> Iterator[Problem]:
    """By label, all that fstab names has a label, and no two have the same."""
    named = [o.filesystem for o in operations if isinstance(o, Mounted)]
    named += [o for o in operations if isinstance(o, Swap)]
    for fstab in operations:
        if not isinstance(fstab, Fstab) or fstab.by == "uuid":
            continue
        inner = [f for f in named if fstab.by != "label" and not isinstance(f.device, Partition)]
        for filesystem in inner:
            yield fstab.problem(
                f"{filesystem.shown} ({filesystem.origin.where}) is on no partition, which fstab "
                "could name it by",
                'use by="uuid" or by="label"',
            )
        if fstab.by != "partuuid":
            yield from _unnamed(fstab, [f for f in named if f not in inner])


def _unnamed(fstab: Fstab, named: Sequence[Filesystem]) -> Iterator[Problem]:
    seen: dict[str, Filesystem] = {}
    for filesystem in named:
        partition = filesystem.device
        if fstab.by == "partlabel" and isinstance(partition, Partition):
            if isinstance(partition.table, Msdos):
                what = "partitions of an MBR have no labels that fstab could name them by"
                yield fstab.problem(what, 'use by="label" or by="partuuid"')
                return
            maker: Operation = partition
            label, it = partition.label, f"the partition {partition.shown}"
        else:
            label, it, maker = filesystem.label, filesystem.name, filesystem
        if not label:
            yield fstab.problem(
                f"{it} ({maker.origin.where}) has no label for fstab to name it by",
                'add label= there, or use by="uuid"',
            )
        elif seen.setdefault(label, filesystem) is not filesystem:
            yield fstab.problem(
                f"{it} ({maker.origin.where}) has the label of another: {label}",
                "give each one of its own",
            )


def fstab_places_are_apart(operations: Sequence[Operation]) -> Iterator[Problem]:
    """No line of a recipe's own is for a place that another line is for."""
    mounted = {str(o.path): o.name for o in operations if isinstance(o, Mounted)}
    for fstab in operations:
        if not isinstance(fstab, Fstab):
            continue
        places = dict(mounted)
        for line in fstab.extra:
            place = place_of(line)
            if place.startswith("/") and place in places:
                yield fstab.problem(
                    f"{place} of extra= is the place of {places[place]} already",
                    "remove one of the two",
                )
            places[place] = "another line of extra="
