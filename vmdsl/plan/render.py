"""Encodes a plan as data that JSON can hold: the same on every machine and day."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import singledispatchmethod
from pathlib import Path
from typing import Any
from uuid import UUID

from vmdsl.language.effects import ImageOperation
from vmdsl.language.handles import RootFs
from vmdsl.language.layout import FilesystemLayout, Layout, PartitionLayout
from vmdsl.language.operation import LayoutOperation, Operation, origin_of
from vmdsl.language.partition_types import type_name
from vmdsl.plan.plan import Plan
from vmdsl.values import Percent, Size, Suite

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def layout_data(layout: Layout, encode: Encoder) -> dict[str, Any]:
    """Return the layout of the disk as data."""
    table = layout.table
    return {
        "disk": {
            "step": encode.value(layout.disk),
            "size": encode.value(layout.disk.size),
            "free": encode.value(layout.disk.free),
            "sector": layout.disk.sector,
        },
        "table": table and {"step": encode.value(table), "kind": table.kind, "id": layout.label_id},
        "partitions": [
            {
                "number": p.number,
                "step": encode.value(p.partition),
                "type": type_name(p.type),
                "type_code": p.type_code,
                "start": None if layout.is_movable(p) else p.start,
                "size": None if layout.is_open(p) else p.size,
                "uuid": p.uuid,
                "label": p.partition.label,
                "flags": list(p.partition.flags),
            }
            for p in layout.partitions
        ],
        "filesystems": [
            {
                "step": encode.value(f.filesystem),
                "kind": f.filesystem.kind,
                "partition": _number(f),
                "device": encode.value(f.filesystem.device),
                "uuid": f.uuid,
                "hash_seed": f.hash_seed,
                "label": f.filesystem.label,
                "subvolumes": [
                    {"step": encode.value(s), "path": str(s.full_path), "default": s.default}
                    for s in f.subvolumes
                ],
                "compression": f.compression,
            }
            for f in layout.filesystems
        ],
        "mounts": [
            {
                "step": encode.value(m.mounted),
                "path": str(m.path),
                "subvolume": str(m.inside) if m.filesystem.subvolumes else None,
                "partition": _number(m.filesystem),
            }
            for m in layout.mounts
        ],
        "swap_files": [
            {
                "step": encode.value(place.swap_file),
                "path": str(place.swap_file.path),
                "size": place.swap_file.size.bytes,
                "uuid": place.uuid,
            }
            for place in layout.swap_files
        ],
        "luks": [
            {
                "step": encode.value(place.luks),
                "name": place.luks.dm_name,
                "device": encode.value(place.luks.device),
                "size": place.size,
                "uuid": place.uuid,
            }
            for place in layout.luks
        ],
        "volume_groups": [
            {
                "step": encode.value(place.group),
                "name": place.group.vg_name,
                "devices": encode.value(place.group.devices),
                "physical_uuids": list(place.physical),
                "size": place.size,
                "uuid": place.uuid,
            }
            for place in layout.groups
        ],
        "logical_volumes": [
            {
                "step": encode.value(place.volume),
                "name": place.volume.lv_name,
                "group": place.volume.group.vg_name,
                "size": place.size,
                "stripes": place.volume.stripes,
                "uuid": place.uuid,
            }
            for place in layout.volumes
        ],
    }


def _number(filesystem: FilesystemLayout) -> int | None:
    """Return the number of the filesystem's partition, or None if it is not on one."""
    device = filesystem.device
    return device.number if isinstance(device, PartitionLayout) else None


class Encoder:
    """Encodes values of any type, as a third party's operation may have any field."""

    def __init__(self, plan: Plan) -> None:
        self._directory = plan.directory
        self._names: dict[int, str] = {}
        made: Counter[tuple[type, str]] = Counter()
        for operation in plan.operations:
            key = (type(operation), operation.name)
            made[key] += 1
            nth = f" ({made[key]})" if made[key] > 1 else ""
            self._names[id(operation)] = f"{operation.name}{nth}"

    def operation(self, operation: Operation) -> dict[str, Any]:
        return {
            "kind": kind_name(type(operation)),
            "phase": _phase(operation),
            "step": operation.name,
            "line": origin_of(operation).where.line,
            "arguments": self._fields(operation),
        }

    @singledispatchmethod
    def value(self, value: Any) -> Any:
        """Return a value as JSON data; without a better form, its text without an address."""
        if is_dataclass(value):
            return {"kind": kind_name(type(value)), **self._fields(value)}
        if hasattr(value, "__qualname__"):
            return f"{value.__module__}.{value.__qualname__}"
        text = _ADDRESS.sub("", str(value))
        inside = getattr(value, "__dict__", None) if text != str(value) else None
        return {text: self.value(inside)} if inside else text

    @value.register
    def _(self, value: int | float | str | None) -> Any:
        return value

    @value.register
    def _(self, value: Enum) -> Any:
        return self.value(value.value)

    @value.register
    def _(self, value: Operation) -> str:
        """Return the name of a handle. The second of a kind in a step has a number."""
        return self._names.get(id(value), value.name)

    @value.register
    def _(self, value: RootFs) -> str:
        return value.name

    @value.register
    def _(self, value: Size) -> int:
        return value.bytes

    @value.register
    def _(self, value: Percent | UUID) -> str:
        return str(value)

    @value.register
    def _(self, value: Suite) -> str:
        return value.name

    @value.register
    def _(self, value: Path) -> str:
        inside = value.is_relative_to(self._directory)
        return str(value.relative_to(self._directory) if inside else value)

    @value.register
    def _(self, value: bytes | bytearray) -> Any:
        return {"bytes": value.hex()}

    @value.register
    def _(self, value: Mapping) -> Any:  # type: ignore[type-arg]  # a class that runs
        return {str(self.value(key)): self.value(content) for key, content in value.items()}

    @value.register
    def _(self, value: list | tuple) -> Any:  # type: ignore[type-arg]  # classes that run
        return [self.value(one) for one in value]

    @value.register
    def _(self, value: set | frozenset) -> Any:  # type: ignore[type-arg]  # classes that run
        return sorted((self.value(one) for one in value), key=json.dumps)

    @value.register
    def _(self, value: type) -> str:
        return kind_name(value)

    def _fields(self, value: Any) -> dict[str, Any]:
        """Return the fields of a dataclass, except those that are not in its repr."""
        return {f.name: self.value(getattr(value, f.name)) for f in fields(value) if f.repr}


def kind_name(kind: type) -> str:
    """Return a class's name, with its module if that isn't one of vmdsl's."""
    own = kind.__module__.partition(".")[0] in {"vmdsl", "builtins"}
    return kind.__qualname__ if own else f"{kind.__module__}.{kind.__qualname__}"


def _phase(operation: Operation) -> str:
    if isinstance(operation, LayoutOperation):
        return "layout"
    return "image" if isinstance(operation, ImageOperation) else "tree"
