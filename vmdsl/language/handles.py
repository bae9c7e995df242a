"""Handles: the results of steps. Their types say what may be done with them.

`Disk → Gpt | Msdos → Partition → Ext4 | Vfat | Swap → Mounted[Ext4] → RootFs`. Between a partition
and a filesystem there can be `Luks`, and `VolumeGroup → LogicalVolume`; between Btrfs and `Mounted`
a `Subvolume`. Each keeps what it was made from, so `filesystem.device` is a partition, say, and its
`table.disk` the disk. A handle is also the layout operation that the plan holds: data, and nothing
that runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, Generic, Literal, TypeVar, cast
from uuid import UUID

from vmdsl.language.operation import LayoutOperation, NeverText, handle_as_text, operation
from vmdsl.language.partition_types import EXTENDED, type_name
from vmdsl.language.secret import Secret
from vmdsl.language.traits import SizeLimits, Traits
from vmdsl.machines import Arch
from vmdsl.values import LUKS_SECTOR, SECTOR, Percent, Size, Suite

#: The extent of volume groups that are given none, which is LVM's own.
EXTENT = Size(4 * 2**20)

F_co = TypeVar("F_co", bound="Source", covariant=True)
_M = TypeVar("_M", bound="Mountable")


@operation
class Disk(LayoutOperation):
    """The disk image: of a given size, or as large as its content plus some free space.

    `sector` is the size of its logical sectors in bytes: 512 or 4096. `from_image` is the raw image
    that it starts from, if there is one.
    """

    size: Size | None
    free: Size | None = None
    sector: int = SECTOR
    from_image: Path | None = None

    def extent(self) -> str:
        """Return its size in words."""
        if self.size is not None:
            return f"of {self.size}"
        return f"as large as its content needs, and {self.free} free"

    def _summary(self) -> str:
        sectors = f", in sectors of {self.sector} bytes" if self.sector != SECTOR else ""
        start = f" from {self.from_image}" if self.from_image is not None else ""
        return f"image{start} {self.extent()}{sectors}"


@operation
class Table(LayoutOperation):
    """A partition table of either kind. `disk_id` is that of an image that existed before."""

    disk: Disk
    disk_id: str = ""
    kind: ClassVar[str]

    def _summary(self) -> str:
        return f"{self.kind} partition table"


@operation
class Gpt(Table):
    """A GUID partition table."""

    kind = "GPT"


@operation
class Msdos(Table):
    """A partition table in the master boot record."""

    kind = "MBR"


@operation
class Extended(LayoutOperation):
    """An extended partition of an MBR, which contains logical partitions and nothing else."""

    table: Msdos
    size: Size | None = None
    start: Size | Percent | None = None
    end: Size | Percent | None = None
    number: int | None = None
    type: ClassVar[int] = EXTENDED
    label: ClassVar[str] = ""
    flags: ClassVar[tuple[str, ...]] = ()

    def _summary(self) -> str:
        return "extended partition"


@operation
class Partition(LayoutOperation):
    """A partition; a logical one if it is in an extended one.

    Without `size` and `end` it takes the space that the others leave. One of an image that existed
    before has its `number` there, and, in a GPT, its `uuid`.
    """

    _tools: ClassVar[Mapping[str, str]] = dict.fromkeys(("sfdisk", "fdisk"), "fdisk")
    table: Gpt | Msdos
    type: str | UUID | int
    size: Size | None = None
    start: Size | Percent | None = None
    end: Size | Percent | None = None
    label: str = ""
    flags: tuple[str | int, ...] = ()
    extended: Extended | None = None
    number: int | None = None
    uuid: str = ""

    def _summary(self) -> str:
        kind = f"partition, {type_name(self.type)}"
        if self.size is not None:
            at = f" at {self.start}" if self.start is not None else ""
            return f"{kind}, {self.size}{at}"
        if self.start is None and self.end is None:
            return f"{kind}, what is left"
        start = "the last one" if self.start is None else self.start
        return f"{kind}, from {start} to {'what follows' if self.end is None else self.end}"


#: What makes it slow to try passphrases. GRUB knows the last one alone.
Kdf = Literal["argon2id", "argon2i", "pbkdf2"]


@operation
class Luks(LayoutOperation):
    """An encrypted device. Used as a device itself, it is the decrypted content.

    Each of the keys, the first lines of secrets, opens it. `kdf` is the function that turns them
    into what opens it. `dm_name` is its name below /dev/mapper when it is open.
    """

    _tools: ClassVar[Mapping[str, str]] = {"cryptsetup": "cryptsetup-bin"}

    device: Partition | LogicalVolume
    key: Secret
    dm_name: str
    more_keys: tuple[Secret, ...] = ()
    kdf: Kdf = "argon2id"
    label: str = ""
    uuid: str = ""
    options: tuple[str, ...] = ()

    def _summary(self) -> str:
        return f"LUKS on {self.device.name}, opened as {self.dm_name}"


@operation
class VolumeGroup(LayoutOperation):
    """A volume group of LVM, and the physical volumes that it consists of."""

    devices: tuple[Partition | Luks, ...]
    vg_name: str
    #: What it gives out space in.
    extent: Size = EXTENT

    def _summary(self) -> str:
        return f"volume group {self.vg_name} on {', '.join(d.name for d in self.devices)}"


@operation
class LogicalVolume(LayoutOperation):
    """A logical volume of LVM, of a size or a share of its group.

    Without `size` it takes what the others leave. Its `stripes` are on as many devices, in turn.
    """

    group: VolumeGroup
    lv_name: str
    size: Size | Percent | None = None
    stripes: int | None = None
    stripe_size: Size | None = None

    @property
    def dm_name(self) -> str:
        """Its name below /dev/mapper, where hyphens in either of its names are doubled."""
        group, own = (name.replace("-", "--") for name in (self.group.vg_name, self.lv_name))
        return f"{group}-{own}"

    def _summary(self) -> str:
        size = "what is left" if self.size is None else self.size
        stripes = f", in {self.stripes} stripes" if self.stripes else ""
        return f"logical volume {self.lv_name} of {self.group.vg_name}, {size}{stripes}"


#: What can be formatted.
BlockDevice = Partition | Luks | LogicalVolume


def luks_below(device: BlockDevice) -> Iterator[Luks]:
    """Yield the encrypted devices that a device is on, and itself if it is one."""
    if isinstance(device, Luks):
        yield device
        yield from luks_below(device.device)
    elif isinstance(device, LogicalVolume):
        for below in device.group.devices:
            yield from luks_below(below)


def partitions_below(device: BlockDevice) -> tuple[Partition, ...]:
    """Return the partitions that a device is on."""
    if isinstance(device, Partition):
        return (device,)
    devices = (device.device,) if isinstance(device, Luks) else device.group.devices
    return tuple(below for one in devices for below in partitions_below(one))


def image_of(filesystem: Filesystem) -> tuple[Path, int] | None:
    """Return the image that a filesystem exists in already, and the number of its partition."""
    device = filesystem.device
    if not isinstance(device, Partition) or device.number is None:
        return None
    path = device.table.disk.from_image
    return (path, device.number) if path is not None else None


def sector_of(device: BlockDevice) -> int:
    """Return the size of a device's sectors: the disk's, or more if something is encrypted."""
    encrypted = any(luks_below(device))
    return max(partitions_below(device)[0].table.disk.sector, LUKS_SECTOR if encrypted else 0)


@operation
class Filesystem(LayoutOperation):
    """A filesystem, or swap, on a device. Without `uuid`, one is derived from the step's name.

    A kind in `vmdsl.operations.disk.NAME` is made by `vmdsl.builder.filesystems.NAME`.
    """

    device: BlockDevice
    label: str = ""
    uuid: str = ""
    options: tuple[str, ...] = ()
    kind: ClassVar[str]
    _traits: ClassVar[Traits]

    @staticmethod
    def _uuid_from(derived: UUID) -> str:
        """Return the UUID that a filesystem has if it is given none, as fstab spells it."""
        return str(derived)

    def _uuid_arguments(self) -> tuple[str, ...]:
        """Return the words that give its tool the UUID of the recipe, if there is one."""
        return (self._traits.uuid_option, self.uuid) if self.uuid else ()

    def _arguments(self) -> tuple[str, ...]:
        """Return the fields that this kind alone has as options of its tool."""
        return ()

    def _size_limits(self, size: int) -> SizeLimits:
        """Return which sizes its tool makes, with all its options, on a device of `size` bytes."""
        del size
        return SizeLimits(name=self.kind, least=self._traits.least, most=self._traits.most)

    def _summary(self) -> str:
        return f"{self.kind} on {self.device.name}"


@operation
class Mountable(Filesystem):
    """A filesystem that can contain files."""

    kind = "files"


def traits_of(filesystem: Filesystem | type[Filesystem]) -> Traits:
    """Return what is known of a kind of filesystem and its tool."""
    return filesystem._traits  # noqa: SLF001 (see `origin_of()`)


def uuid_from(filesystem: Filesystem, derived: UUID) -> str:
    """Return the UUID that a filesystem has if it is given none, as fstab spells it."""
    return filesystem._uuid_from(derived)  # noqa: SLF001 (see `origin_of()`)


def uuid_arguments(filesystem: Filesystem) -> tuple[str, ...]:
    """Return the words that give its tool the UUID of the recipe, if there is one."""
    return filesystem._uuid_arguments()  # noqa: SLF001 (see `origin_of()`)


def own_arguments(filesystem: Filesystem) -> tuple[str, ...]:
    """Return the fields that its kind alone has as options of its tool."""
    return filesystem._arguments()  # noqa: SLF001 (see `origin_of()`)


def size_limits(filesystem: Filesystem, size: int) -> SizeLimits:
    """Return which sizes its tool makes, with all its options, on a device of `size` bytes."""
    return filesystem._size_limits(size)  # noqa: SLF001 (see `origin_of()`)


@operation
class Subvolume(LayoutOperation):
    """A subvolume of a filesystem, below its top level or in another subvolume.

    `path` is where it is there. The `default` is mounted unless another is asked for.
    """

    within: Mountable | Subvolume
    path: str
    default: bool = False

    @property
    def filesystem(self) -> Mountable:
        """The filesystem that it is a part of."""
        return self.within.filesystem if isinstance(self.within, Subvolume) else self.within

    @property
    def full_path(self) -> PurePosixPath:
        """Its path from the top level of the filesystem on, as `subvol=` has it."""
        above = self.within.full_path if isinstance(self.within, Subvolume) else PurePosixPath("/")
        return above / self.path

    def _summary(self) -> str:
        default = ", the default" if self.default else ""
        return f"subvolume {self.full_path} of {self.filesystem.name}{default}"


#: What can be mounted.
Source = Mountable | Subvolume


@operation
class Mounted(LayoutOperation, Generic[F_co]):
    """A filesystem with its mount point in the finished system. Nothing is mounted on this machine.

    `source` is the filesystem, or a subvolume of one. `options` are mount options for /etc/fstab;
    without any, the usual ones are used.
    """

    source: F_co
    path: PurePosixPath
    on: Mounted[Any] | None = None
    options: tuple[str, ...] = ()

    @property
    def filesystem(self: Mounted[_M]) -> _M:
        """The filesystem that is mounted, as a whole or in part."""
        source: Any = self.source
        made: Any = source.filesystem if isinstance(source, Subvolume) else source
        return cast("_M", made)

    def _summary(self) -> str:
        return f"mount {self.source.name} at {self.path}"


@operation
class SwapFile(LayoutOperation):
    """A file that the running system uses as swap space. `path` is where the system has it."""

    _tools: ClassVar[Mapping[str, str]] = {"mkswap": "util-linux"}

    mounted: Mounted[Any]
    path: PurePosixPath
    size: Size
    label: str = ""
    uuid: str = ""

    def _summary(self) -> str:
        return f"swap file {self.path}, {self.size}"


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """The user and the password of a mirror."""

    mirror: str
    secret: Secret


@dataclass(frozen=True, kw_only=True, eq=False)
class RootFs(NeverText):
    """A Debian system in its tree: packages can be installed and its programs can run."""

    mounted: Mounted[Any]
    suite: Suite
    arch: Arch
    #: The proxy of debootstrap() or system_from(), for packages that come later.
    proxy: str = ""
    #: Those of debootstrap(), likewise.
    credentials: Credentials | None = None

    @property
    def name(self) -> str:
        """The name of the step that mounted the root filesystem."""
        return self.mounted.name

    def _instead_of_text(self) -> tuple[str, str]:
        """Return its name in words, and what to write instead of it."""
        return handle_as_text(self)
