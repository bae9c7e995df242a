"""Computes the sizes and UUIDs of encrypted devices (LUKS) and volumes (LVM)."""

from __future__ import annotations

import hashlib
import string
from collections.abc import Callable, Sequence
from itertools import accumulate
from uuid import UUID

from vmdsl.errors import Problem
from vmdsl.language.handles import LogicalVolume, Luks, VolumeGroup
from vmdsl.language.layout import (
    DeviceLayout,
    GroupLayout,
    LuksLayout,
    PartitionLayout,
    VolumeLayout,
)
from vmdsl.language.operation import Operation, origin_of, problem_in, shown_name, shown_with_line
from vmdsl.values import Size

#: What cryptsetup leaves for the header of LUKS2, with its key slots.
LUKS_HEADER = 16 * 2**20
#: What LVM leaves for its metadata on a physical volume, and the unit that it allots.
LVM_METADATA = 2**20
EXTENT = 4 * 2**20

_LETTERS = string.digits + string.ascii_letters
_GROUPS = (6, 4, 4, 4, 4, 4, 6)  # of the letters in a UUID of LVM

Ids = Callable[[Operation, str], UUID]


class Volumes:
    """The encrypted devices, groups and volumes of a recipe, and mistakes in their sizes.

    `places` has every device that can be formatted, by the `id()` of its handle.
    """

    def __init__(
        self, operations: Sequence[Operation], partitions: Sequence[PartitionLayout], ids: Ids
    ) -> None:
        self.problems: list[Problem] = []
        self.luks: list[LuksLayout] = []
        self.groups: list[GroupLayout] = []
        self.volumes: list[VolumeLayout] = []
        self.places: dict[int, DeviceLayout] = {id(p.partition): p for p in partitions}
        self._ids = ids
        volumes = [o for o in operations if isinstance(o, LogicalVolume)]
        for operation in operations:  # what a device is made of comes before it
            match operation:
                case Luks():
                    self._add_luks(operation)
                case VolumeGroup():
                    self._add_group(operation)
                case LogicalVolume():
                    self._add_volume(operation, [v for v in volumes if v.group is operation.group])

    def _add_luks(self, luks: Luks) -> None:
        device = self.places.get(id(luks.device))
        if device is None or isinstance(device, LuksLayout):
            return
        size = device.size - LUKS_HEADER
        if 0 < device.size <= LUKS_HEADER:
            self.problems.append(
                problem_in(
                    luks,
                    f"LUKS takes {Size(LUKS_HEADER)} for itself, and {shown_name(luks.device)} has "
                    f"{Size(device.size)}",
                    f"enlarge it ({origin_of(luks.device).where})",
                    about="device",
                    code="too-small",
                )
            )
        uuid = luks.uuid or str(self._ids(luks, "luks"))
        place = LuksLayout(luks=luks, device=device, size=max(size, 0), uuid=uuid)
        self.luks.append(place)
        self.places[id(luks)] = place

    def _add_group(self, group: VolumeGroup) -> None:
        devices = [self.places[id(one)] for one in group.devices if id(one) in self.places]
        below = [one for one in devices if not isinstance(one, VolumeLayout)]
        if len(below) < len(group.devices):
            return
        self.groups.append(
            GroupLayout(
                group=group,
                devices=tuple(below),
                physical=tuple(_lvm_id(self._ids(group, "physical volume")) for _ in below),
                size=sum(max(one.size - LVM_METADATA, 0) // EXTENT * EXTENT for one in below),
                uuid=_lvm_id(self._ids(group, "volume group")),
            )
        )

    def _add_volume(self, volume: LogicalVolume, all_of_group: Sequence[LogicalVolume]) -> None:
        group = next((g for g in self.groups if g.group is volume.group), None)
        if group is None:
            return
        size, problem = _size(volume, all_of_group, group.size)
        self.problems += [problem] if problem else []
        place = VolumeLayout(
            volume=volume,
            group=group,
            size=size,
            uuid=_lvm_id(self._ids(volume, "logical volume")),
        )
        self.volumes.append(place)
        self.places[id(volume)] = place


def _size(
    volume: LogicalVolume, volumes: Sequence[LogicalVolume], room: int
) -> tuple[int, Problem | None]:
    """Return a volume's size in bytes, and what is wrong with it in a group with so much `room`."""
    before = volumes[: volumes.index(volume)]
    group = volume.group.vg_name
    if volume.size is not None:
        size = _whole(volume.size)
        left = room - sum(_whole(v.size) for v in before if v.size)
        if size <= left:
            return size, None
        what = f"it takes {Size(size)}, and the volume group {group} has {Size(max(left, 0))} left"
        return size, problem_in(
            volume, what, "make it smaller, or the group larger", about="size", code="volume"
        )
    size = room - sum(_whole(v.size) for v in volumes if v.size)
    other = next((v for v in before if v.size is None), None)
    if other is not None:
        what = f"a second volume without a size beside {shown_with_line(other)}"
        return 0, problem_in(
            volume,
            what,
            "give it one: the other takes all that is left",
            about="size",
            code="only-one",
        )
    if size > 0:
        return size, None
    what = f"no room is left for it in the volume group {group} of {Size(room)}"
    return 0, problem_in(
        volume,
        what,
        "make the other volumes smaller, or the group larger",
        about="group",
        code="volume",
    )


def _whole(size: Size) -> int:
    """Return a size in bytes, rounded up to whole extents."""
    return -(-size.bytes // EXTENT) * EXTENT


def _lvm_id(identifier: UUID) -> str:
    """Return a UUID in LVM's form: 32 letters and digits, in seven groups."""
    number, letters = int.from_bytes(hashlib.sha256(identifier.bytes).digest()), ""
    for _ in range(sum(_GROUPS)):
        number, digit = divmod(number, len(_LETTERS))
        letters += _LETTERS[digit]
    ends = list(accumulate(_GROUPS))
    return "-".join(letters[e - n : e] for e, n in zip(ends, _GROUPS, strict=True))
