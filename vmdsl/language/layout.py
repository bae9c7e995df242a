"""The layout of a disk: where everything is that the layout operations of a plan ask for.

Made by `vmdsl.plan.lay_out`, read by operations such as fstab and GRUB, and by the builder.
Offsets and sizes are in bytes from the start of the disk.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from vmdsl.language.handles import (
    Disk,
    Extended,
    Filesystem,
    Gpt,
    LogicalVolume,
    Luks,
    Mounted,
    Msdos,
    Partition,
    Subvolume,
    SwapFile,
    VolumeGroup,
    luks_below,
)
from vmdsl.language.operation import origin_of
from vmdsl.values import LUKS_SECTOR, SECTOR

#: The mount options by which files are compressed.
COMPRESSION = ("compress", "compress-force")
#: What is free before each logical partition: sfdisk puts a table of its own there.
LOGICAL_GAP = 2**20
#: Where the content of an encrypted device starts, behind the header of LUKS2 with its keys.
LUKS_DATA = 16 * 2**20
#: Where the extents of a physical volume of LVM start, behind its metadata.
LVM_DATA = 2**20
#: In the first sector: the disk's id, the four partitions, and the mark at the end.
_MBR_START, _MBR_END = 440, 512
_GPT_ENTRIES = 128 * 128  # partitions, and the bytes of each


@dataclass(frozen=True, kw_only=True)
class PartitionLayout:
    """A partition with its place. `uuid` is the PARTUUID; `type_code` is the type for sfdisk.

    `type` is the partition's, or follows from what it holds.
    """

    partition: Partition | Extended
    number: int
    start: int
    size: int
    uuid: str
    type: str | UUID | int
    type_code: str

    @property
    def end(self) -> int:
        """The first byte behind it."""
        return self.start + self.size


@dataclass(frozen=True, kw_only=True)
class LuksLayout:
    """An encrypted device. `uuid` is that of its header, `size` that of its content."""

    luks: Luks
    device: PartitionLayout | VolumeLayout
    size: int
    uuid: str

    @property
    def sector(self) -> int:
        """The size of what is encrypted at a time, in bytes."""
        return LUKS_SECTOR if self.size % LUKS_SECTOR == 0 else SECTOR


@dataclass(frozen=True, kw_only=True)
class GroupLayout:
    """A volume group. `physical` has the UUIDs of its devices. All UUIDs are in LVM's form."""

    group: VolumeGroup
    devices: tuple[PartitionLayout | LuksLayout, ...]
    physical: tuple[str, ...]
    uuid: str

    @property
    def extent(self) -> int:
        """The unit in which it gives out space, in bytes."""
        return self.group.extent.bytes

    @property
    def extents(self) -> tuple[int, ...]:
        """The number of extents of each of its devices."""
        return tuple(max(one.size - LVM_DATA, 0) // self.extent for one in self.devices)

    @property
    def size(self) -> int:
        """The room for volumes, in bytes."""
        return sum(self.extents) * self.extent


@dataclass(frozen=True, kw_only=True)
class Segment:
    """Extents of a volume that follow each other on one device of its group.

    `device` is the number of the device in the group, from 0, and `first` its first extent there.
    """

    device: int
    first: int
    count: int


@dataclass(frozen=True, kw_only=True)
class VolumeLayout:
    """A logical volume. Its size is a number of whole extents, and `segments` are where they are.

    They follow each other, or each is one stripe. They have no place yet if the group has too
    little room, which is a mistake.
    """

    volume: LogicalVolume
    group: GroupLayout
    size: int
    uuid: str
    segments: tuple[Segment, ...] = ()


DeviceLayout = PartitionLayout | LuksLayout | VolumeLayout

#: The disk in a machine with one, as QEMU has it.
DISK = "/dev/vda"


def device_name(place: DeviceLayout) -> str:
    """Return the path of a device in the running system, if the image is its one disk."""
    match place:
        case LuksLayout():
            return f"/dev/mapper/{place.luks.dm_name}"
        case VolumeLayout():
            return f"/dev/mapper/{place.volume.dm_name}"
    return f"{DISK}{place.number}"


def device_names(place: DeviceLayout) -> tuple[str, ...]:
    """Return the paths that are a device's own: a volume has one in the folder of its group."""
    if not isinstance(place, VolumeLayout):
        return (device_name(place),)
    group = place.group.group.vg_name
    return device_name(place), f"/dev/{group}/{place.volume.lv_name}"


@dataclass(frozen=True, kw_only=True)
class FilesystemLayout:
    """A filesystem, or swap, with its UUID as fstab spells it.

    `subvolumes` are its parts, each behind the one that it is in. Its files are compressed as
    `compression`, such as "zstd:3", says, or not at all.
    """

    filesystem: Filesystem
    device: DeviceLayout
    uuid: str
    hash_seed: str
    subvolumes: tuple[Subvolume, ...] = ()
    compression: str = ""

    @property
    def partition(self) -> PartitionLayout:
        """The partition that it is on, if there is nothing between."""
        assert isinstance(self.device, PartitionLayout)  # noqa: S101 (who asks knows that)
        return self.device


@dataclass(frozen=True, kw_only=True)
class MountLayout:
    """A filesystem with its mount point in the finished system."""

    mounted: Mounted[Any]
    filesystem: FilesystemLayout
    path: PurePosixPath

    @property
    def inside(self) -> PurePosixPath:
        """The path in the filesystem of what is mounted: / if it isn't a subvolume."""
        source = self.mounted.source
        return source.full_path if isinstance(source, Subvolume) else PurePosixPath("/")

    @property
    def subvolume(self) -> str:
        """The subvolume that a mount must ask for, as it would get another; "" if it need not.

        What is mounted by default needs no name, and so can be exchanged by another.
        """
        source = self.mounted.source
        if isinstance(source, Subvolume):
            return "" if source.default else str(source.full_path)
        has_default = any(one.default for one in self.filesystem.subvolumes)
        return "/" if has_default else ""


@dataclass(frozen=True, kw_only=True)
class SwapFileLayout:
    """A swap file with the UUID in its header."""

    swap_file: SwapFile
    uuid: str


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The one disk of a plan.

    `open` is the partition that grows with its content, until the tree is complete. Until then its
    size, the starts of partitions behind it, and the disk's `size` are the smallest possible.
    """

    disk: Disk
    size: int
    open: Partition | None
    table: Gpt | Msdos | None
    label_id: str
    partitions: tuple[PartitionLayout, ...]
    filesystems: tuple[FilesystemLayout, ...]
    mounts: tuple[MountLayout, ...]
    luks: tuple[LuksLayout, ...] = ()
    groups: tuple[GroupLayout, ...] = ()
    volumes: tuple[VolumeLayout, ...] = ()
    swap_files: tuple[SwapFileLayout, ...] = ()

    @property
    def sector(self) -> int:
        """The size of the disk's sectors, in bytes. Tables count in these."""
        return self.disk.sector

    def is_open(self, place: DeviceLayout) -> bool:
        """Return whether a device's size is not known yet."""
        if isinstance(place, LuksLayout):
            return self.is_open(place.device)
        if isinstance(place, VolumeLayout):
            return place.volume.size is None and any(map(self.is_open, place.group.devices))
        return place.partition is self.open

    def is_movable(self, place: PartitionLayout) -> bool:
        """Return whether a partition's start is not known yet, as it is behind one that grows."""
        if self.open is None:
            return False
        return place.start > self.of_partition(self.open).start

    def of_partition(self, partition: Partition) -> PartitionLayout:
        """Return the place of a partition."""
        return next(p for p in self.partitions if p.partition is partition)

    def of_mount(self, mounted: Mounted[Any]) -> MountLayout:
        """Return the place of a mount."""
        return next(m for m in self.mounts if m.mounted is mounted)

    def holding(self, path: str) -> MountLayout:
        """Return the mount whose filesystem contains `path`. Raises LookupError without one."""
        wanted = PurePosixPath(path)
        holders = [m for m in self.mounts if wanted.is_relative_to(m.path)]
        if not holders:
            raise LookupError(f"no filesystem holds {path}")
        return max(holders, key=lambda m: len(m.path.parts))

    def luks_below(self, mount: MountLayout) -> tuple[LuksLayout, ...]:
        """Return the encrypted devices that a mount's filesystem is on, the lowest first."""
        opened = {id(luks) for luks in luks_below(mount.mounted.filesystem.device)}
        return tuple(place for place in self.luks if id(place.luks) in opened)

    def below(self, mount: MountLayout) -> tuple[MountLayout, ...]:
        """Return the mounts whose mount points are in the filesystem of `mount`."""
        return tuple(
            m for m in self.mounts if m is not mount and self.holding(str(m.path.parent)) is mount
        )


@dataclass(frozen=True, kw_only=True)
class Span:
    """The bytes from `start` up to `end`; `what` says whose they are, as in "where `what` is".

    They are in the partition `within`, or in none.
    """

    start: int
    end: int
    what: str
    within: Partition | None = None

    def overlaps(self, other: Span) -> bool:
        """Return whether a byte is in both."""
        return self.start < other.end and other.start < self.end


def gpt_size(sector: int) -> int:
    """Return the size of either copy of a GPT, in bytes: a sector and the list of partitions."""
    return sector + _GPT_ENTRIES


def table_spans(layout: Layout) -> tuple[Span, ...]:
    """Return the spans of the partition table; for a GPT, with its copy at the end of the disk."""
    if layout.table is None:
        return ()
    what = f"the partition table ({layout.table.kind})"
    spans = [Span(start=_MBR_START, end=_MBR_END, what=what), *_extended_spans(layout)]
    if isinstance(layout.table, Gpt):
        size, table = layout.size, gpt_size(layout.sector)
        spans.append(Span(start=layout.sector, end=layout.sector + table, what=what))
        spans.append(Span(start=size - table, end=size, what=f"the copy of {what}"))
    return tuple(spans)


def _extended_spans(layout: Layout) -> Iterator[Span]:
    """Yield the tables of logical partitions; the first is at the start of the extended one.

    sfdisk puts the others a MiB before their partitions, or just before them if the first logical
    partition is less than a MiB behind the start of the extended one.
    """
    for place in layout.partitions:
        if isinstance(place.partition, Extended):
            yield _sector(place.start, layout.sector)
            logical = [
                p.start
                for p in layout.partitions
                if isinstance(p.partition, Partition) and p.partition.extended is place.partition
            ]
            is_close = bool(logical) and logical[0] < place.start + LOGICAL_GAP
            gap = layout.sector if is_close else LOGICAL_GAP
            yield from (_sector(start - gap, layout.sector) for start in logical[1:])


def _sector(start: int, size: int) -> Span:
    return Span(start=start, end=start + size, what="the table of a logical partition")


def partition_spans(layout: Layout, *, but: Collection[Partition] = ()) -> tuple[Span, ...]:
    """Return the spans of all partitions except `but`."""
    return tuple(
        Span(
            start=place.start,
            end=place.end,
            what=f"the partition {place.partition.name} ({origin_of(place.partition).where})",
        )
        for place in layout.partitions
        if not isinstance(place.partition, Extended)
        and not any(place.partition is other for other in but)
    )


def in_the_way(span: Span, others: Iterable[Span], end: int) -> str:
    """Return what is wrong with writing a span before `end`, as part of a sentence, or ""."""
    if span.end > end:
        return f"{span.what} end at byte {span.end}, and there is room up to byte {end}"
    for other in others:
        if span.overlaps(other):
            return f"{span.what} are where {other.what} is: bytes {other.start} to {other.end}"
    return ""
