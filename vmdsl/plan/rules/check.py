"""Rules for a plan as a whole. Every rule sees all of it and reports all it finds.

Rules for one operation among the others are methods of its class: `Work.check_plan` and
`TreeOperation.check_layout`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from vmdsl.errors import Hint, Problem, Where, code
from vmdsl.language.effects import ImageOperation, TreeOperation
from vmdsl.language.handles import Disk, Gpt, Table
from vmdsl.language.layout import Layout, Span, in_the_way, partition_spans, table_spans
from vmdsl.language.operation import (
    Operation,
    Work,
    code_of,
    origin_of,
    problem_in,
    shown_with_line,
)
from vmdsl.plan.rules import disk, machine, mounts, scripts, subvolumes, units
from vmdsl.values import Size

#: Where the entries of an MBR end.
_MBR = 512

_RULES = (
    disk.devices_are_formatted_once,
    disk.uuids_are_apart,
    mounts.mounts_are_apart,
    mounts.swap_files_are_apart,
    mounts.subvolumes_exist,
    subvolumes.subvolumes_are_apart,
    subvolumes.nested_ones_are_in_place,
    subvolumes.mounts_compress_alike,
    disk.boot_partitions_suit,
    disk.types_suit,
    disk.handles_are_recorded,
    disk.names_are_apart,
    machine.local_files_exist,
    scripts.scripts_suit,
    scripts.scripts_run_what_may_be_run,
)
#: What a step that failed may have left out.
_RULES_OF_COMPLETE_PLANS = (
    disk.devices_are_used,
    disk.what_grows_holds_files,
    mounts.filesystems_are_mounted,
    mounts.fstab_is_written,
    units.enabled_units_can_be,
    units.sections_are_known,
    scripts.logins_stay_open,
    scripts.scripts_are_in_the_system,
)


def check(operations: Sequence[Operation], recipe: Path, *, complete: bool = True) -> list[Problem]:
    """Return all that is wrong with the operations of `recipe` together, but for the layout.

    If they are not `complete`, as a step failed, what may just be missing is not reported.
    """
    problems = [problem for rule in _RULES for problem in rule(operations)]
    for operation in operations:
        if isinstance(operation, Work):
            problems += operation.check_plan(operations, complete=complete)
    if complete:
        if not any(isinstance(operation, Disk | Table) for operation in operations):
            hint = Hint("start with ", code("mkimg", code("GiB", 4)))
            what = "no step makes a disk image"
            problems.append(Problem(what=what, where=Where(recipe), hint=hint, code="no-image"))
        problems += [p for rule in _RULES_OF_COMPLETE_PLANS for p in rule(operations)]
    return problems


def check_layout(
    operations: Sequence[Operation], layout: Layout, *, complete: bool = True
) -> list[Problem]:
    """Return all that is wrong with the operations on a disk with this layout.

    If there are other mistakes, the plan is not `complete`, and sizes may follow from those.
    """
    problems = [*writes_have_room(operations, layout)]
    if complete:
        problems += [*swap_files_have_room(layout)] or trees_have_room(operations, layout)
    for operation in operations:
        if isinstance(operation, TreeOperation):
            problems += operation.check_layout(layout)
    return problems


def writes_have_room(operations: Sequence[Operation], layout: Layout) -> Iterator[Problem]:
    """Report what is written beyond the disk or over something else, as far as that is known."""
    written: list[Span] = []
    sure = layout.of_partition(layout.open).end if layout.open else layout.size
    for operation in operations:
        spans = operation.writes(layout) if isinstance(operation, ImageOperation) else ()
        for span in spans:
            within = span.within
            unsure = span.start >= sure if within is None else within is layout.open
            if layout.open and unsure and span.end > sure:
                continue  # the build looks at it, once it knows how large the image is
            end = layout.of_partition(within).end if within else layout.size
            others = partition_spans(layout, but=[within] if within else [])
            if problem := in_the_way(span, [*table_spans(layout), *others], end):
                hint = _other_place(span, layout)
                yield problem_in(operation, problem, hint, code="write-place")
                break
            if problem := in_the_way(span, written, end):
                twice = [s for s in written if s.what.startswith(f"{span.what}, ")]
                if twice and not span.what.endswith("it writes"):  # a boot loader's bytes
                    line = twice[0].what.removeprefix(f"{span.what}, ")
                    problem = f"{span.what} are written in {line} already"
                yield problem_in(
                    operation,
                    problem,
                    "choose another offset, or remove one of them",
                    code="write-place",
                )
                break
        where = origin_of(operation).where
        written += [Span(start=s.start, end=s.end, what=f"{s.what}, {where}") for s in spans]


def _other_place(span: Span, layout: Layout) -> Hint:
    """Return the hint at another place for bytes that are where something else is."""
    is_table = any(span.overlaps(other) for other in table_spans(layout))
    if isinstance(layout.table, Gpt) and is_table and _MBR <= span.start < layout.size // 2:
        more = " leaves everything behind byte 512 free, as some boards need it"
        return Hint("choose another offset; ", code("mkmsdos", code_of(layout.disk)), more)
    return Hint("choose another offset, or start the partition later, such as at 16 MiB")


def swap_files_have_room(layout: Layout) -> Iterator[Problem]:
    """Report filesystems that have no room for their swap files, whatever else is in them."""
    for mount in layout.mounts:
        size = mount.filesystem.device.size
        files = [p.swap_file for p in layout.swap_files if p.swap_file.mounted is mount.mounted]
        taken = sum(file.size.bytes for file in files)
        if files and 0 < size <= taken and not layout.is_open(mount.filesystem.device):
            made = mount.filesystem.filesystem
            what = (
                f"swap files take {Size(taken)} of {shown_with_line(made)}, which has {Size(size)}"
            )
            hint = f"make it smaller, or enlarge {shown_with_line(made.device)}"
            yield problem_in(files[-1], what, hint, about="size", code="swap-file")


#: A system of a variant has nothing in mounts at these places.
_APART = ("boot", "home", "media", "mnt", "opt", "root", "run", "srv", "tmp")


def trees_have_room(operations: Sequence[Operation], layout: Layout) -> Iterator[Problem]:
    """Report filesystems that are too small for the system that is made in them.

    Scripts may remove much of it, but hardly more than half.
    """
    places = [mount for mount in layout.mounts if (*mount.path.parts, "", "")[1] not in _APART]
    sizes = [mount.filesystem.device.size for mount in places]
    if not places or layout.open is not None or not all(size > 0 for size in sizes):
        return
    inside = [place.mounted for place in places]
    swap = sum(
        place.swap_file.size.bytes
        for place in layout.swap_files
        if any(place.swap_file.mounted is mounted for mounted in inside)
    )
    room = sum(sizes) - swap
    changes = [o for o in operations if isinstance(o, TreeOperation)]
    for number, operation in enumerate(changes):
        later = changes[number + 1 :]
        shrinks = any(o.installs_anything or o.packages_removed() for o in later)
        least = operation.least_content() // (2 if shrinks else 1)
        if room < least:
            root = next((m for m in places if str(m.path) == "/"), places[0])
            made = root.filesystem.filesystem
            device = made.device
            yield problem_in(
                made,
                f"{operation.summary()} ({operation.origin.where}) takes {Size(least)} at least, "
                f"and there are {Size(room)}{' besides swap files' if swap else ''}",
                f"enlarge {shown_with_line(device)}",
                about="device",
                code="too-small",
            )
