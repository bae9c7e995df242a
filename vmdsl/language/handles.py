"""Handles: the results of steps. Their types say what may be done with them.

`Disk → Gpt | Msdos → Partition → Ext4 | Vfat | Swap → Mounted[Ext4] → RootFs`. Between a partition
and a filesystem there can be `Luks`, and `VolumeGroup → LogicalVolume`. Each keeps what it was
made from, so `filesystem.device` is a partition, say, and its `table.disk` the disk. A handle is
also the layout operation that the plan holds: data, and nothing that runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, ClassVar, Generic, Literal, TypeVar
from uuid import UUID

from vmdsl.language.operation import LayoutOperation, NeverText, handle_as_text, operation
from vmdsl.language.partition_types import EXTENDED, type_name
from vmdsl.language.secret import Secret
from vmdsl.machines import Arch
from vmdsl.values import SECTOR, Percent, Size, Suite

#: The extent of volume groups that are given none, which is LVM's own.
EXTENT = Size(4 * 2**20)

F_co = TypeVar("F_co", bound="Mountable", covariant=True)


@operation
class Disk(LayoutOperation):
    """The disk image: of a given size, or as large as its content plus some free space.

    `sector` is the size of its logical sectors in bytes: 512 or 4096.
    """

    size: Size | None
    free: Size | None = None
    sector: int = SECTOR

    def extent(self) -> str:
        """Return its size in words."""
        if self.size is not None:
            return f"of {self.size}"
        return f"as large as its content needs, and {self.free} free"

    def _summary(self) -> str:
        sectors = f", in sectors of {self.sector} bytes" if self.sector != SECTOR else ""
        return f"image {self.extent()}{sectors}"


@operation
class Table(LayoutOperation):
    """A partition table of either kind."""

    disk: Disk
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
    type: ClassVar[int] = EXTENDED
    label: ClassVar[str] = ""
    flags: ClassVar[tuple[str, ...]] = ()

    def _summary(self) -> str:
        return "extended partition"


@operation
class Partition(LayoutOperation):
    """A partition; a logical one if it is in an extended one.

    Without `size` and `end` it takes the space that the others leave.
    """

    _programs = ("sfdisk", "fdisk")
    table: Gpt | Msdos
    type: str | UUID | int
    size: Size | None = None
    start: Size | Percent | None = None
    end: Size | Percent | None = None
    label: str = ""
    flags: tuple[str | int, ...] = ()
    extended: Extended | None = None

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

    _programs = ("cryptsetup",)

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

    Without `size` it takes what the others in its group leave.
    """

    group: VolumeGroup
    lv_name: str
    size: Size | Percent | None = None

    @property
    def dm_name(self) -> str:
        """Its name below /dev/mapper, where hyphens in either of its names are doubled."""
        group, own = (name.replace("-", "--") for name in (self.group.vg_name, self.lv_name))
        return f"{group}-{own}"

    def _summary(self) -> str:
        size = "what is left" if self.size is None else self.size
        return f"logical volume {self.lv_name} of {self.group.vg_name}, {size}"


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


def sector_of(device: BlockDevice) -> int:
    """Return the size of the sectors of the disk that a device is on, in bytes."""
    return partitions_below(device)[0].table.disk.sector


@dataclass(frozen=True, kw_only=True)
class ToolOptions:
    """The options that the tool of a filesystem knows, in Debian 12 and 13.

    `short` and `long` are in the form of Python's getopt. The values of an option in `words`, such
    as `-E`, are words with commas between, each of which may have a value of its own. `values` has
    patterns of the values of others.
    """

    short: str
    long: tuple[str, ...] = ()
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Traits:
    """The properties of a kind of filesystem, for rules, operations and the builder.

    The defaults are those of most kinds.
    """

    #: In bytes.
    longest_label: int
    tool_options: ToolOptions
    #: Options of its tool that take a label and a UUID.
    label_option: str = "-L"
    uuid_option: str = "-U"
    #: Further options that are refused, each with what to do instead; vmdsl decides on the others.
    refused: Mapping[str, str]
    #: The option of its tool with the size of its blocks, which may not be less than a sector.
    block_option: str = ""
    #: Other names that `mkfs` has for it.
    aliases: tuple[str, ...] = ()
    #: What its tools print where it is full; any of them may say "No space left on device".
    no_room: tuple[str, ...] = ()
    #: The smallest size that its tools make, in bytes; 0 where they make any.
    least: int = 0
    #: The largest one; 0 where no file could be as large.
    most: int = 0
    #: GRUB's module that reads it, and GRUB's name for it.
    grub_module: str = ""
    #: Whether Debian's kernel for clouds reads it.
    in_cloud_kernel: bool = True
    #: Whether systemd-growfs can grow it while it is mounted.
    can_grow: bool = False
    #: Whether its files have owners and permissions, and can be symlinks.
    has_owners: bool = True
    #: Whether fsck looks at it at boot, or leaves that to the kernel.
    is_checked: bool = True
    #: Whether a root must be writable from the start: the kernel parameter rw.
    starts_writable: bool = False
    #: Whether UEFI firmware reads it.
    is_read_by_firmware: bool = False
    #: Whether U-Boot reads it, as Debian builds it.
    is_read_by_u_boot: bool = False
    #: Options of mount where the recipe gives none; the root may have others.
    usual_options: str = "defaults"
    root_options: str = ""


@dataclass(frozen=True, kw_only=True)
class SizeLimits:
    """The sizes that a filesystem can have, in bytes; `most` is 0 where there is no limit.

    `name` is what it is called in messages, and `otherwise` is another way than another size.
    """

    name: str
    least: int = 0
    most: int = 0
    otherwise: str = ""


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
class Mounted(LayoutOperation, Generic[F_co]):
    """A filesystem with its mount point in the finished system. Nothing is mounted on this machine.

    `options` are mount options for /etc/fstab; without any, the usual ones are used.
    """

    filesystem: F_co
    path: PurePosixPath
    on: Mounted[Any] | None = None
    options: tuple[str, ...] = ()

    def _summary(self) -> str:
        return f"mount {self.filesystem.name} at {self.path}"


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
