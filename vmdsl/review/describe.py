"""From a plan to its outline: everything that a build would do, and nothing of the day.

Not in it are what the cache has, how old the archives are, what this machine lacks, and where the
recipe is. Arguments that are empty are left out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import PurePosixPath
from typing import Any

from vmdsl.language.effects import ImageOperation, TreeOperation
from vmdsl.language.handles import Mounted, RootFs, Subvolume
from vmdsl.language.layout import (
    FilesystemLayout,
    GroupLayout,
    Layout,
    LuksLayout,
    MountLayout,
    PartitionLayout,
    VolumeLayout,
)
from vmdsl.language.operation import LayoutOperation, Operation, origin_of, summary_of
from vmdsl.language.partition_types import type_name
from vmdsl.plan.plan import OptionValue, Plan, Waiver
from vmdsl.plan.render import Encoder, kind_name
from vmdsl.review.bar import draw_bar, parts
from vmdsl.review.local import LocalFile, local_files
from vmdsl.review.outline import Node, Outline
from vmdsl.values import SECTOR, Size

#: The columns of a plan in a file, whatever the terminal has.
WIDTH = 80
#: Sections of a plan.
OPTIONS, DISK, FILESYSTEMS, MOUNTS = "Options", "Disk", "Filesystems", "Mounts"
TREE, IMAGE = "Operations on the tree", "Operations on the image"
WAIVERS = "Allowed in spite of policies"
#: Arguments that are modes of files, which people write in octal.
_MODES = ("mode", "umask", "parents")
#: Bytes of a recipe that are shown whole; of more, the checksum is.
_MOST_BYTES = 64
#: The folders of `vmdsl.operations`, and how a plan names the operations in them.
_SUBJECTS = {
    "disk": "disk",
    "systems": "system",
    "packages": "packages",
    "files": "files",
    "scripts": "scripts",
    "boot_loaders": "boot",
}


def describe(plan: Plan, *, width: int = WIDTH, ascii_only: bool = False) -> Outline:
    """Return the outline of a plan, with the disk drawn for `width` columns.

    Raises HostError if a local file cannot be read.
    """
    words = _Words(plan)
    options = [words.option(option) for option in plan.options]
    if plan.seed:
        options.append(Node(name="--seed", value=plan.seed))
    bar = draw_bar(parts(plan.layout, plan.image_operations), width - 2, ascii_only=ascii_only)
    drawing = [Node(name="", drawing=bar)] if bar else []
    sections = {
        OPTIONS: options,
        DISK: [*_disk(plan.layout, words), *drawing, *_devices(plan.layout, words)],
        FILESYSTEMS: [_filesystem(one, words) for one in plan.layout.filesystems],
        MOUNTS: [*_mounts(plan.layout, words)],
        TREE: [_operation(o, words) for o in plan.tree_operations],
        IMAGE: [_operation(o, words) for o in plan.image_operations],
        WAIVERS: [_waiver(waiver) for waiver in plan.waivers],
    }
    return Outline(
        recipe=plan.recipe.name,
        sections=tuple(
            Node(name=title, below=tuple(found)) for title, found in sections.items() if found
        ),
    )


def subject_of(kind: type[Operation]) -> str:
    """Return what operations of a class are about, as the folder of its code says, or "other"."""
    for base in kind.__mro__:
        top, _, rest = base.__module__.partition(".operations.")
        if top == "vmdsl" and rest:
            return _SUBJECTS[rest.partition(".")[0]]
    return "disk" if issubclass(kind, LayoutOperation) else "other"


class _Words(Encoder):
    """Encodes values for people: sizes in words, and long bytes as their checksum."""

    def value(self, value: Any) -> Any:
        if isinstance(value, Size):
            return str(value)
        if isinstance(value, bytes | bytearray):
            if len(value) <= _MOST_BYTES:
                return f"{len(value)} bytes, hex {value.hex()}"
            return f"{len(value)} bytes, sha256 {hashlib.sha256(value).hexdigest()}"
        return super().value(value)

    def entry(
        self, operation: Operation, value: str, *more: Node, without: Sequence[str] = ()
    ) -> Node:
        """Return an entry for an operation: first `more`, then its other arguments."""
        is_handle = isinstance(operation, LayoutOperation)  # others are known by their order
        return Node(
            name=self.value(operation) if is_handle else operation.name,
            value=value,
            line=origin_of(operation).where.line,
            below=(*more, *self.arguments(operation, without)),
        )

    def arguments(self, operation: Operation, without: Sequence[str] = ()) -> Iterator[Node]:
        """Yield the arguments of an operation that are not empty."""
        for field in fields(operation):
            value = getattr(operation, field.name)
            if not field.repr or field.name in without or _is_at_root(field.name, value):
                continue
            if field.name in _MODES and isinstance(value, int):
                yield Node(name=field.name, value=f"{value:04o}")
            else:
                yield from _shown(field.name, self.value(value))

    def option(self, option: OptionValue) -> Node:
        """Return an option with its value, and where that comes from."""
        value = option.value
        if value is None:
            said = "none"
        elif isinstance(value, bool):
            said = "on" if value else "off"
        else:
            said = str(self.value(value)) or "empty"
        return Node(
            name=option.name, value=f"{said} ({'command line' if option.given else 'default'})"
        )


def _is_at_root(name: str, value: object) -> bool:
    """Return whether it is the argument of most operations that says nothing: the system at /."""
    mounted = value.mounted if isinstance(value, RootFs) else value
    return name == "root" and isinstance(mounted, Mounted) and mounted.path == PurePosixPath("/")


def _shown(name: str, value: Any) -> Iterator[Node]:
    """Yield an argument, from its value as data, if it isn't empty."""
    match value:
        case None | str() | list() | dict() if not value:
            pass
        case bool():
            yield Node(name=name, value="yes" if value else "no")
        case str() if "\n" in value:
            yield Node(name=name, text=value)
        case list():
            yield Node(name=name, below=tuple(_element(one) for one in value))
        case dict():
            yield _mapping(name, value)
        case _:
            yield Node(name=name, value=str(value))


def _element(value: Any) -> Node:
    """Return an element of a list, which is shown though it may be empty."""
    return next(_shown("-", value), Node(name="-", value=json.dumps(value)))


def _mapping(name: str, value: Mapping[str, Any]) -> Node:
    kind = value.get("kind")
    inside = {key: one for key, one in value.items() if key != "kind" or not isinstance(one, str)}
    return Node(
        name=name,
        value=kind if isinstance(kind, str) else "",
        below=tuple(node for key, one in inside.items() for node in _shown(key, one)),
    )


def _disk(layout: Layout, words: _Words) -> Iterator[Node]:
    size = f"{layout.size // layout.sector} sectors"
    if layout.open is not None:
        size = "known when the tree is complete"
    yield words.entry(
        layout.disk,
        f"image {layout.disk.extent()}",
        Node(name="size", value=size),
        without=("size", "free", *(("sector",) if layout.sector == SECTOR else ())),
    )
    if layout.table is not None:
        yield words.entry(
            layout.table,
            summary_of(layout.table),
            Node(name="id", value=layout.label_id),
            without=("disk", "disk_id"),
        )


def _devices(layout: Layout, words: _Words) -> Iterator[Node]:
    for place in layout.partitions:
        yield _partition(layout, place, words)
    for luks in layout.luks:
        yield _luks(layout, luks, words)
    for group in layout.groups:
        yield _group(layout, group, words)
    for volume in layout.volumes:
        yield _volume(layout, volume, words)


def _partition(layout: Layout, place: PartitionLayout, words: _Words) -> Node:
    partition = place.partition
    start = f"sector {place.start // layout.sector} ({Size(place.start)})"
    size = _size(place.size, layout)
    if layout.is_movable(place):
        start = "behind a partition that grows with its content"
    if layout.is_open(place):
        size = f"its content, and {layout.disk.free}"
    given = ("table", "type", "size", "start", "end", "extended", "number", "uuid")
    kind = "logical " * (getattr(partition, "extended", None) is not None) + "partition"
    return words.entry(
        partition,
        f"{kind} {place.number}, {type_name(place.type)}",
        Node(name="start", value=start),
        Node(name="size", value=size),
        Node(name="type", value=place.type_code),
        Node(name="uuid", value=place.uuid),
        without=given,
    )


def _size(size: int, layout: Layout) -> str:
    return f"{size // layout.sector} sectors ({Size(size)})"


def _luks(layout: Layout, place: LuksLayout, words: _Words) -> Node:
    sized = Node(name="size", value=_size(place.size, layout))
    uuid = Node(name="uuid", value=place.uuid)
    return words.entry(place.luks, summary_of(place.luks), sized, uuid, without=("device", "uuid"))


def _group(layout: Layout, place: GroupLayout, words: _Words) -> Node:
    return words.entry(
        place.group,
        summary_of(place.group),
        Node(name="size", value=_size(place.size, layout)),
        Node(name="uuid", value=place.uuid),
        *_shown("physical uuids", list(place.physical)),
        without=("devices", "vg_name"),
    )


def _volume(layout: Layout, place: VolumeLayout, words: _Words) -> Node:
    sized = Node(name="size", value=_size(place.size, layout))
    uuid = Node(name="uuid", value=place.uuid)
    summary = f"logical volume {place.volume.lv_name} of {place.group.group.vg_name}"
    return words.entry(place.volume, summary, sized, uuid, without=("group", "lv_name", "size"))


def _filesystem(place: FilesystemLayout, words: _Words) -> Node:
    filesystem = place.filesystem
    uuid = Node(name="uuid", value=place.uuid)
    seed = [Node(name="hash seed", value=place.hash_seed)] if place.hash_seed else []
    summary = f"{filesystem.kind} on {words.value(filesystem.device)}"
    parts = tuple(
        Node(name="-", value=f"{one.full_path}{', the default' if one.default else ''}")
        for one in place.subvolumes
    )
    more = [Node(name="subvolumes", below=parts)] if parts else []
    if place.compression:
        more.append(Node(name="compressed", value=place.compression))
    return words.entry(filesystem, summary, uuid, *seed, *more, without=("device", "uuid"))


def _mounts(layout: Layout, words: _Words) -> Iterator[Node]:
    for mount in layout.mounts:
        what = f"{_source(mount, words)} at {mount.path}"
        yield words.entry(mount.mounted, what, without=("source", "path"))
    for place in layout.swap_files:
        uuid = Node(name="uuid", value=place.uuid)
        summary = summary_of(place.swap_file)
        yield words.entry(place.swap_file, summary, uuid, without=("path", "size", "uuid"))


def _source(mount: MountLayout, words: _Words) -> str:
    """Return what is mounted, in words."""
    filesystem = mount.filesystem.filesystem
    whole = f"{filesystem.kind} of {words.value(filesystem)}"
    is_part = isinstance(mount.mounted.source, Subvolume)
    return f"{mount.inside} in {whole}" if is_part else whole


def _operation(operation: TreeOperation | ImageOperation, words: _Words) -> Node:
    cls = type(operation)
    read = tuple(map(_local, local_files(operation)))
    network = operation.network()
    return Node(
        name=operation.name,
        value=_shortened(operation.summary(), WIDTH - len(operation.name)),
        line=operation.origin.where.line,
        below=(
            Node(name="operation", value=f"{kind_name(cls)} ({subject_of(cls)})"),
            *words.arguments(operation),
            *([Node(name="reads", below=read)] if read else []),
            *([Node(name="network", value=network)] if network else []),
        ),
    )


def _waiver(waiver: Waiver) -> Node:
    finding = waiver.finding
    return Node(
        name=finding.step or "recipe",
        value=finding.code,
        line=finding.where.line if finding.where else 0,
        below=(
            Node(name="finding", value=finding.what),
            Node(name="reason", value=waiver.reason),
        ),
    )


def _local(file: LocalFile) -> Node:
    below = {"sha256": file.sha256, "executable": "yes" * file.executable, "target": file.target}
    lines = [Node(name=name, value=value) for name, value in below.items() if value]
    return Node(name="-", value=file.path, below=tuple(lines))


def _shortened(summary: str, width: int) -> str:
    """Return a summary that leaves room for a line's number: its arguments say the rest."""
    room = max(width - len("   (line 1000): "), 2)
    if len(summary) <= room:
        return summary
    words = summary[:room].rpartition(" ")[0].removesuffix(" …")
    return f"{words} …" if len(words) > room / 2 else f"{summary[: room - 1]}…"
