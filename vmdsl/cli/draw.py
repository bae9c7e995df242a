"""`vmdsl plan` for people: the options, the disk drawn to scale, the operations in order."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from vmdsl.builder.cache.forecast import Expected
from vmdsl.cli.bar import Part, draw_bar, parts
from vmdsl.cli.options import value_in_words
from vmdsl.cli.problems import show_obstacles
from vmdsl.language.effects import TreeOperation
from vmdsl.language.handles import Disk, Filesystem, LogicalVolume, Luks, VolumeGroup
from vmdsl.language.handles import Table as PartitionTable
from vmdsl.language.layout import DeviceLayout, Layout, LuksLayout, PartitionLayout, VolumeLayout
from vmdsl.language.operation import Operation
from vmdsl.language.partition_types import type_name
from vmdsl.plan.plan import OptionValue, Plan
from vmdsl.values import Size

_WIDEST = 120  # a bar that is wider is no clearer
_DIGITS = 2  # of an operation's number


def draw_plan(
    plan: Plan, expected: Sequence[Expected] = (), console: Console | None = None
) -> None:
    """Print a plan; `expected` says which operations on the tree are in the cache."""
    console = console or Console(highlight=False)
    with console.capture() as drawn:
        _draw(plan, expected, console)
    # Columns are padded to their width, which nobody sees but in a pipe.
    console.file.write("".join(f"{line.rstrip()}\n" for line in drawn.get().splitlines()))


def _draw(plan: Plan, expected: Sequence[Expected], console: Console) -> None:
    _section(console, f"Plan of {plan.recipe.name}")
    if plan.options:
        _section(console, "Options", _options(plan.options))
    layout = plan.layout
    if layout.partitions:
        bar = draw_bar(
            parts(layout),
            min(console.width, _WIDEST) - 2,
            ascii_only=console.options.ascii_only,
        )
        inner = [_inner_uuids(layout)] if _inner(layout) else []
        _section(console, _disk(layout), bar, _legend(layout), _uuids(layout), *inner)
    else:
        _section(console, _disk(layout))
    number = 1
    width = max(len(operation.name) for operation in plan.operations)
    phases = _phases(plan)
    first = phases[0][1]
    for title, operations in phases:
        if operations:
            known = expected if operations is first else ()
            _section(console, title, _operations(operations, number, width, known))
            number += len(operations)
    if plan.obstacles:
        show_obstacles(plan.obstacles, console)


def _section(console: Console, title: str, *contents: RenderableType) -> None:
    console.print(Text(title, style="bold"))
    if not contents:
        console.print()
    for content in contents:
        console.print(Padding(content, (0, 0, 1, 2), expand=False))


def _columns(*names: str) -> Table:
    table = Table(box=None, show_header=any(names), pad_edge=False, padding=(0, 2, 0, 0))
    for name in names:
        table.add_column(name, header_style="dim", overflow="fold")
    return table


def _options(options: Sequence[OptionValue]) -> Table:
    table = _columns("", "", "")
    for option in options:
        shown = value_in_words(option.value) or '""'
        source = Text("command line", "green") if option.given else Text("default", "dim")
        table.add_row(Text(option.name), Text(shown, "bold"), source)
    return table


def _disk(layout: Layout) -> str:
    table = f"{layout.table.kind} {layout.label_id}" if layout.table else "no partition table"
    return f"Disk {layout.disk.extent()}, {table}"


def _legend(layout: Layout) -> Table:
    table = _columns("#", "Step", "Type", "Start", "Size", "Filesystem", "Mounted at")
    for column in (3, 4):
        table.columns[column].justify = "right"
    for place in layout.partitions:
        partition = place.partition
        table.add_row(
            _number(place.number),
            partition.name,
            ", ".join([type_name(partition.type), *map(str, partition.flags)]),
            "later" if layout.is_movable(place) else str(Size(place.start)),
            f"content + {layout.disk.free}" if layout.is_open(place) else str(Size(place.size)),
            *_content(layout, place),
        )
    for inner in _inner(layout):
        name, kind = _named(inner)
        table.add_row("", name, kind, "", str(Size(inner.size)), *_content(layout, inner))
    return table


def _inner(layout: Layout) -> list[LuksLayout | VolumeLayout]:
    """Return the devices that are not partitions."""
    return [*layout.luks, *layout.volumes]


def _named(place: LuksLayout | VolumeLayout) -> tuple[str, str]:
    """Return the step of a device that is not a partition, and a description of it."""
    if isinstance(place, LuksLayout):
        return place.luks.name, f"opened {place.luks.device.name}"
    return place.volume.name, f"volume of {place.volume.group.vg_name}"


def _content(layout: Layout, place: DeviceLayout) -> tuple[str, str]:
    """Return the kind of filesystem on a device, and its mount point."""
    filesystem = next((f for f in layout.filesystems if f.device is place), None)
    mount = next((m for m in layout.mounts if m.filesystem is filesystem), None)
    if filesystem is not None:
        return filesystem.filesystem.kind, str(mount.path) if mount else ""
    if any(luks.device is place for luks in layout.luks):
        return "LUKS", ""
    return next((f"LVM {g.group.vg_name}" for g in layout.groups if place in g.devices), ""), ""


def _uuids(layout: Layout) -> Table:
    table = _columns("#", "UUID of the filesystem", "UUID of the partition")
    for place in layout.partitions:
        table.add_row(_number(place.number), _uuid_on(layout, place), place.uuid)
    return table


def _inner_uuids(layout: Layout) -> Table:
    table = _columns("Step", "", "UUID")
    for luks in layout.luks:
        table.add_row(luks.luks.name, "LUKS", luks.uuid)
    for place in layout.filesystems:
        if not isinstance(place.device, PartitionLayout):
            table.add_row(place.filesystem.name, place.filesystem.kind, place.uuid)
    return table


def _uuid_on(layout: Layout, place: DeviceLayout) -> str:
    return next((f.uuid for f in layout.filesystems if f.device is place), "")


def _number(number: int) -> Text:
    return Text(str(number), style=Part(number, "", 0).colour)


def _phases(plan: Plan) -> list[tuple[str, Sequence[Operation]]]:
    """Return the operations by phase, in the order in which a build runs them."""
    assembly: list[Operation] = [
        o for o in plan.layout_operations if isinstance(o, Disk | PartitionTable)
    ]
    inner = (Luks, VolumeGroup, LogicalVolume, Filesystem)
    assembly += [o for o in plan.layout_operations if isinstance(o, inner)]
    return [
        ("First the tree", plan.tree_operations),
        ("Then the image, made from it", assembly),
        ("Then changes to the image", plan.image_operations),
    ]


def _operations(
    operations: Sequence[Operation], first: int, width: int, expected: Sequence[Expected]
) -> Table:
    table = _columns("", "", "", *[""] * bool(expected), "")
    table.columns[0].justify = "right"
    table.columns[0].min_width = _DIGITS
    table.columns[1].min_width = width
    table.columns[2].no_wrap = True
    for number, operation in enumerate(operations, first):
        summary = Text(operation.summary())
        if isinstance(operation, TreeOperation) and operation.unless is not None:
            summary.append(f" (unless {operation.unless.name})", "yellow")
        if expected and (reason := expected[number - first].reason):
            summary.append(f"\n{reason}", "yellow")
        table.add_row(
            Text(str(number), "dim"),
            Text(operation.name, "cyan"),
            Text(f"line {operation.origin.where.line}", "dim"),
            *([_status(expected[number - first])] if expected else []),
            summary,
        )
    return table


def _status(expected: Expected) -> Text:
    """Return whether the next build runs an operation on the tree, in words."""
    return Text(expected.how, "green") if expected.how else Text("to do", "yellow")
