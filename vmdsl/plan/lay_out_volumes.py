"""Computes the sizes and UUIDs of encrypted devices (LUKS) and volumes (LVM), and their extents."""

from __future__ import annotations

import hashlib
import string
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate
from uuid import UUID

from vmdsl.errors import Problem
from vmdsl.language.handles import BlockDevice, LogicalVolume, Luks, Partition, VolumeGroup
from vmdsl.language.layout import (
    LUKS_DATA,
    LVM_DATA,
    DeviceLayout,
    GroupLayout,
    Layout,
    LuksLayout,
    PartitionLayout,
    Segment,
    VolumeLayout,
)
from vmdsl.language.operation import Operation, origin_of, problem_in, shown_name, shown_with_line
from vmdsl.values import Percent, Size

#: What LVM keeps for the description of a group has room for more than so many volumes.
_MOST_VOLUMES = 500

_LETTERS = string.digits + string.ascii_letters
_GROUPS = (6, 4, 4, 4, 4, 4, 6)  # of the letters in a UUID of LVM

Ids = Callable[[Operation, str], UUID]


class Volumes:
    """The encrypted devices, groups and volumes of a recipe, and mistakes in their sizes.

    `places` has every device that can be formatted, by the `id()` of its handle. `growing` are the
    partitions whose size is not known yet.
    """

    def __init__(
        self,
        operations: Sequence[Operation],
        partitions: Sequence[PartitionLayout],
        ids: Ids,
        growing: Sequence[Partition] = (),
    ) -> None:
        self.problems: list[Problem] = []
        self.luks: list[LuksLayout] = []
        self.groups: list[GroupLayout] = []
        self.volumes: list[VolumeLayout] = []
        self.places: dict[int, DeviceLayout] = {id(p.partition): p for p in partitions}
        self._ids = ids
        self._open = {id(partition) for partition in growing}
        volumes = [o for o in operations if isinstance(o, LogicalVolume)]
        for operation in operations:  # what a device is made of comes before it
            match operation:
                case Luks():
                    self._add_luks(operation)
                case VolumeGroup():
                    self._add_group(operation, [v for v in volumes if v.group is operation])

    def _add_luks(self, luks: Luks) -> None:
        device = self.places.get(id(luks.device))
        if device is None or isinstance(device, LuksLayout):
            return
        if 0 < device.size <= LUKS_DATA:
            self._too_small(luks, luks.device, device, f"LUKS takes {Size(LUKS_DATA)} for itself")
        uuid = luks.uuid or str(self._ids(luks, "luks"))
        place = LuksLayout(luks=luks, device=device, size=_in_luks(device), uuid=uuid)
        self.luks.append(place)
        self.places[id(luks)] = place
        if id(luks.device) in self._open:
            self._open.add(id(luks))

    def _add_group(self, group: VolumeGroup, volumes: Sequence[LogicalVolume]) -> None:
        devices = [self.places[id(one)] for one in group.devices if id(one) in self.places]
        below = tuple(one for one in devices if not isinstance(one, VolumeLayout))
        if len(below) < len(group.devices):
            return
        place = GroupLayout(
            group=group,
            devices=below,
            physical=tuple(_lvm_id(self._ids(group, "physical volume")) for _ in below),
            uuid=_lvm_id(self._ids(group, "volume group")),
        )
        self.groups.append(place)
        is_open = any(id(device) in self._open for device in group.devices)
        for handle, device, extents in zip(group.devices, below, place.extents, strict=True):
            if device.size > 0 and not extents and not is_open:
                what = f"LVM takes {Size(LVM_DATA)} for itself, and {group.extent} for an extent"
                self._too_small(group, handle, device, what)
        wanted = []
        for volume in volumes:
            uuid = _lvm_id(self._ids(volume, "logical volume"))
            size = 0
            if volume.size is not None:
                size = _wanted(volume, volume.size, place)
                if is_open and isinstance(volume.size, Percent):
                    self.problems.append(_share_of_what_grows(volume))
            if is_open and volume.stripes:
                self.problems.append(_stripes_in_what_grows(volume))
            wanted.append(VolumeLayout(volume=volume, group=place, size=size, uuid=uuid))
        mistakes = _mistakes(place, wanted, is_open=is_open)
        placed = allot(place, wanted)
        self.problems += mistakes or ([] if is_open else _too_few_devices(placed))
        self.volumes += placed
        self.places |= {id(one.volume): one for one in placed}
        self._open |= {id(volume) for volume in volumes if is_open and volume.size is None}

    def _too_small(
        self, user: Operation, handle: BlockDevice, device: DeviceLayout, takes: str
    ) -> None:
        what = f"{takes}, and {shown_name(handle)} has {Size(device.size)}"
        hint = f"enlarge it ({origin_of(handle).where})"
        about = "device" if isinstance(user, Luks) else ""
        self.problems.append(problem_in(user, what, hint, about=about, code="too-small"))


def allot(group: GroupLayout, volumes: Sequence[VolumeLayout]) -> list[VolumeLayout]:
    """Return the volumes of a group with their extents, as far as there is room.

    Striped ones come first. A volume that fits into one device is in one piece; others take what is
    free, in the order of the devices. A volume without a size gets all that is left.
    """
    extents = _Extents(group)
    sized = [volume for volume in volumes if volume.volume.size is not None]
    counts = {id(volume): volume.size // group.extent for volume in sized}
    for volume in sized:
        if stripes := volume.volume.stripes:
            extents.take_stripes(volume, stripes, counts[id(volume)] // stripes)
    linear = [volume for volume in sized if not volume.volume.stripes]
    scattered = [volume for volume in linear if not extents.take_one(volume, counts[id(volume)])]
    for volume in scattered:
        extents.take_several(volume, counts[id(volume)])
    for volume in [v for v in volumes if v.volume.size is None][:1]:
        if stripes := volume.volume.stripes:
            extents.take_stripes(volume, stripes, None)
        else:
            extents.take_several(volume, sum(group.extents))
        counts[id(volume)] = sum(segment.count for segment in extents.taken(volume))
    return [
        replace(v, group=group, size=counts.get(id(v), 0) * group.extent, segments=extents.taken(v))
        for v in volumes
    ]


class _Extents:
    """The extents of a group, which volumes take from the start of each device on."""

    def __init__(self, group: GroupLayout) -> None:
        self._free = list(group.extents)
        self._used = [0] * len(group.devices)
        self._taken: dict[int, tuple[Segment, ...]] = {}

    def taken(self, volume: VolumeLayout) -> tuple[Segment, ...]:
        """Return what a volume has taken."""
        return self._taken.get(id(volume), ())

    def take_one(self, volume: VolumeLayout, count: int) -> bool:
        """Take extents of the first device that has so many. Return False if none has."""
        device = next((n for n, room in enumerate(self._free) if room >= count), None)
        if device is not None:
            self._take(volume, device, count)
        return device is not None

    def take_several(self, volume: VolumeLayout, count: int) -> None:
        """Take extents wherever there are any, up to so many."""
        for device, room in enumerate(self._free):
            if taken := min(room, count):
                self._take(volume, device, taken)
                count -= taken

    def take_stripes(self, volume: VolumeLayout, stripes: int, each: int | None) -> None:
        """Take so many extents, or as many as there are, of each of the devices with most room."""
        most = sorted(range(len(self._free)), key=lambda n: -self._free[n])[:stripes]
        least = min(self._free[n] for n in most)
        for device in sorted(most) if least >= max(each or 0, 1) else ():
            self._take(volume, device, each or least)

    def _take(self, volume: VolumeLayout, device: int, count: int) -> None:
        segment = Segment(device=device, first=self._used[device], count=count)
        self._taken[id(volume)] = (*self.taken(volume), segment)
        self._used[device] += count
        self._free[device] -= count


def moved(layout: Layout, partitions: Sequence[PartitionLayout]) -> Layout:
    """Return a layout with other places of its partitions, and so of all devices on them."""
    places: dict[int, DeviceLayout] = {id(p.partition): p for p in partitions}
    groups: dict[int, GroupLayout] = {}

    def place_of(old: DeviceLayout) -> DeviceLayout:
        handle = _handle(old)
        if id(handle) not in places:
            if isinstance(old, LuksLayout):
                below = place_of(old.device)
                assert not isinstance(below, LuksLayout)  # noqa: S101 (as `old.device`)
                places[id(handle)] = replace(old, device=below, size=_in_luks(below))
            elif isinstance(old, VolumeLayout):
                add_group(old.group)
        return places[id(handle)]

    def add_group(old: GroupLayout) -> GroupLayout:
        if id(old.group) not in groups:
            below = tuple(map(place_of, old.devices))
            devices = tuple(one for one in below if not isinstance(one, VolumeLayout))
            groups[id(old.group)] = new = replace(old, devices=devices)
            placed = allot(new, [v for v in layout.volumes if v.volume.group is old.group])
            places.update((id(volume.volume), volume) for volume in placed)
        return groups[id(old.group)]

    filesystems = [replace(f, device=place_of(f.device)) for f in layout.filesystems]
    by_filesystem = {id(f.filesystem): f for f in filesystems}
    luks = [place_of(one) for one in layout.luks]
    new_groups = tuple(map(add_group, layout.groups))
    volumes = [place_of(one) for one in layout.volumes]
    return replace(
        layout,
        partitions=tuple(partitions),
        filesystems=tuple(filesystems),
        mounts=tuple(
            replace(m, filesystem=by_filesystem[id(m.filesystem.filesystem)]) for m in layout.mounts
        ),
        luks=tuple(one for one in luks if isinstance(one, LuksLayout)),
        groups=new_groups,
        volumes=tuple(one for one in volumes if isinstance(one, VolumeLayout)),
    )


def size_below(layout: Layout, device: DeviceLayout, size: int) -> int:
    """Return the size of the open partition that gives an open device on it `size` bytes."""
    if isinstance(device, LuksLayout):
        return size_below(layout, device.device, size + LUKS_DATA)
    if not isinstance(device, VolumeLayout):
        return size
    group = device.group
    extents = -(-size // group.extent)
    others = [v for v in layout.volumes if v.volume.group is group.group and v is not device]
    extents += sum(volume.size // group.extent for volume in others)
    pairs = zip(group.devices, group.extents, strict=True)
    extents -= sum(count for one, count in pairs if not layout.is_open(one))
    below = next(one for one in group.devices if layout.is_open(one))
    return size_below(layout, below, LVM_DATA + max(extents, 1) * group.extent)


def _handle(place: DeviceLayout) -> Operation:
    match place:
        case LuksLayout():
            return place.luks
        case VolumeLayout():
            return place.volume
    return place.partition


def _in_luks(device: DeviceLayout) -> int:
    """Return the size of the content of an encrypted device."""
    return max(device.size - LUKS_DATA, 0)


def _wanted(volume: LogicalVolume, size: Size | Percent, group: GroupLayout) -> int:
    """Return a volume's size in bytes: a Size is rounded up to whole extents, a share down.

    A striped one has as many in each stripe.
    """
    unit = group.extent * (volume.stripes or 1)
    if isinstance(size, Percent):
        return max(size.of(group.size) // unit, 1) * unit
    return -(-size.bytes // unit) * unit


def _stripes_in_what_grows(volume: LogicalVolume) -> Problem:
    return problem_in(
        volume,
        f"stripes in the volume group {volume.group.vg_name}, which grows with its content",
        "give mkimg a size, or leave out stripes=",
        about="stripes",
        code="grows-with-content",
    )


def _too_few_devices(volumes: Sequence[VolumeLayout]) -> list[Problem]:
    """Return the problem of each striped volume that too few devices have room for."""
    problems = []
    for place in volumes:
        volume, name = place.volume, place.group.group.vg_name
        if volume.stripes and not place.segments:
            each = f"{Size(place.size // volume.stripes)} left" if place.size else "anything left"
            what = f"too few devices of the volume group {name} have {each} for its stripes"
            hint = "make it smaller, give fewer stripes, or enlarge the smallest device"
            problems.append(problem_in(volume, what, hint, about="stripes", code="volume"))
    return problems


def _share_of_what_grows(volume: LogicalVolume) -> Problem:
    return problem_in(
        volume,
        f"{volume.size} of the volume group {volume.group.vg_name}, which grows with its content",
        "give it a Size, or give mkimg one",
        about="size",
        code="grows-with-content",
    )


def _mistakes(
    group: GroupLayout, volumes: Sequence[VolumeLayout], *, is_open: bool
) -> list[Problem]:
    """Return what is wrong with the sizes of the volumes of a group."""
    problems = []
    name, left = group.group.vg_name, group.size
    for place in volumes[_MOST_VOLUMES:][:1]:
        what = f"volume {_MOST_VOLUMES + 1} of the volume group {name}"
        problems.append(problem_in(place.volume, what, "make another group", code="volume"))
    rest: VolumeLayout | None = None
    for place in volumes:
        volume = place.volume
        if volume.size is None and rest is not None:
            what = f"a second volume without a size beside {shown_with_line(rest.volume)}"
            hint = "give it one: the other takes all that is left"
            problems.append(problem_in(volume, what, hint, about="size", code="only-one"))
        rest = rest or (place if volume.size is None else None)
        if place.size > left and not is_open:
            room = Size(max(left, 0))
            what = f"it takes {Size(place.size)}, and the volume group {name} has {room} left"
            hint = "make it smaller, or the group larger"
            problems.append(problem_in(volume, what, hint, about="size", code="volume"))
        left -= place.size
    if rest is not None and left <= 0 and not is_open:
        what = f"no room is left for it in the volume group {name} of {Size(group.size)}"
        hint = "make the other volumes smaller, or the group larger"
        problems.append(problem_in(rest.volume, what, hint, about="group", code="volume"))
    return problems


def _lvm_id(identifier: UUID) -> str:
    """Return a UUID in LVM's form: 32 letters and digits, in seven groups."""
    number, letters = int.from_bytes(hashlib.sha256(identifier.bytes).digest()), ""
    for _ in range(sum(_GROUPS)):
        number, digit = divmod(number, len(_LETTERS))
        letters += _LETTERS[digit]
    ends = list(accumulate(_GROUPS))
    return "-".join(letters[e - n : e] for e, n in zip(ends, _GROUPS, strict=True))
