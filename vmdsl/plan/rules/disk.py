"""Rules for the disk: its partitions, volumes, filesystems and mounts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from vmdsl.errors import Advice, Hint, Problem, code
from vmdsl.language.handles import (
    BlockDevice,
    Disk,
    Extended,
    Filesystem,
    LogicalVolume,
    Luks,
    Mountable,
    Msdos,
    Partition,
    RootFs,
    VolumeGroup,
    traits_of,
)
from vmdsl.language.operation import (
    LayoutOperation,
    Operation,
    Work,
    code_of,
    origin_of,
    problem_in,
    shown_name,
    shown_with_line,
)
from vmdsl.language.partition_types import BOOT_CODE, RAW
from vmdsl.plan.extents import open_partitions

#: The function that fills a partition of each type of BOOT_CODE, for hints.
_LOADERS = {"bios-boot": "grub_bios", "prep": "grub_ieee1275"}
#: A device in a crypttab, but not a source of keys.
_DEVICE = r"(?<!\S)(?:/dev/(?:[hsv]d|xvd|nvme|mmcblk|disk/by-(?!partlabel))\S+|PARTUUID=\S+)"


def devices_are_used(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Report partitions and volumes that hold neither a filesystem, swap nor boot code."""
    used = {
        id(value)
        for operation in operations
        for handle in (operation, *vars(operation).values())  # be it one that was not recorded
        if isinstance(handle, Operation)
        for field in vars(handle).values()
        for value in (field if isinstance(field, tuple) else (field,))
    }
    for device in operations:
        if id(device) not in used and not (
            isinstance(device, Partition)
            and (
                device.number is not None  # of an image: it is copied
                or _is_raw(device)
                or _in_crypttab(device, operations)
            )
        ):
            what, hint = _use_of(device)
            if what:
                yield problem_in(
                    device, what, Hint(*hint.parts, ", or remove it"), code="unused-device"
                )


def _use_of(device: Operation) -> tuple[str, Hint]:
    """Return what is wrong with an operation that no other one uses, and a hint; mostly nothing."""
    what = ""
    hint = Hint("format it: ", code("mkext4", code_of(device)))
    match device:
        case Partition(type="bios-boot", table=Msdos()):
            pass  # which is the mistake
        case Partition(type=kind):
            what = "this partition is never used"
            loader = _LOADERS.get(str(kind))
            hint = Hint("add ", code(loader)) if loader else hint
            if kind == "swap":
                random = ", name its label in /etc/crypttab if each start gives it a random key"
                hint = Hint("format it: ", code("mkswap", code_of(device)), random)
        case Extended():
            what = "this extended partition holds no others"
            hint = Hint("add some: ", code("mkpart", code_of(device)))
        case Luks():
            what = "what is encrypted here is never used"
        case LogicalVolume():
            what = "this logical volume is never used"
        case VolumeGroup():
            what = "this volume group has no volumes"
            hint = Hint("make one: ", code("mklv", code_of(device)))
    return what, hint


def _is_raw(partition: Partition) -> bool:
    """Return whether a partition may be meant for something that vmdsl does not know of."""
    return not isinstance(partition.type, str) or partition.type in RAW


def _in_crypttab(partition: Partition, operations: Sequence[Operation]) -> bool:
    """Return whether the recipe writes a crypttab that names a partition that is left unformatted.

    Swap with a random key is such. By a device or a PARTUUID it may be any of them.
    """
    wanted = re.escape(partition.label) if partition.label else "(?!)"
    named = re.compile(rf"(?:PARTLABEL=|by-partlabel/){wanted}(?!\S)|{_DEVICE}")
    return any(named.search(text) for text in map(_text_of, operations) if "crypttab" in text)


def _text_of(operation: Operation) -> str:
    """Return all text in an operation, and in the crypttab that it copies."""
    values = [value for value in vars(operation).values() if isinstance(value, str)]
    with suppress(OSError):  # which is reported elsewhere
        for file in operation.local_files() if isinstance(operation, Work) else ():
            if file.name == "crypttab" or "/etc/crypttab" in values:
                values.append((origin_of(operation).directory / file).read_text("utf-8", "replace"))
    return "\n".join(values)


def what_grows_holds_files(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Report an image as large as its content where no partition with files can grow."""
    contents = {id(device): content for device, content in _contents(operations)}
    growing = open_partitions([p for p in operations if isinstance(p, Partition)])
    for disk in operations:
        if isinstance(disk, Disk) and disk.size is None and not growing:
            yield problem_in(
                disk,
                "no partition can grow with its content, as free= asks for",
                "leave out size= and end= of one, or give the image a size",
                code="grows-with-content",
            )
    for partition in growing:
        if partition.table.disk.size is not None:
            continue
        content = _growing_content(partition, contents, operations)
        other = _is_raw(partition) or partition.type in BOOT_CODE
        if isinstance(content, VolumeGroup):
            yield problem_in(
                content,
                "it can't grow with its content, as free= asks for: each volume has a size",
                "leave out size= of one that holds files",
                code="grows-with-content",
            )
        elif not isinstance(content, Mountable) and (content is not None or other):
            yield problem_in(
                partition,
                "it can't grow with its content, as free= asks for: it holds no files",
                "give it a size, and none to a partition with a filesystem",
                code="grows-with-content",
            )


def _growing_content(
    device: BlockDevice, contents: Mapping[int, Operation], operations: Sequence[Operation]
) -> Operation | None:
    """Return the filesystem that grows if a device does, or else the operation that uses it.

    Of a volume group, the volume without a size grows.
    """
    content = contents.get(id(device))
    if isinstance(content, Luks):
        return _growing_content(content, contents, operations)
    if isinstance(content, VolumeGroup):
        volumes = [o for o in operations if isinstance(o, LogicalVolume) and o.group is content]
        rest = next((volume for volume in volumes if volume.size is None), None)
        if volumes and rest is not None:
            return _growing_content(rest, contents, operations)
        return content if volumes else None
    return content


def devices_are_formatted_once(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Report partitions and volumes with two filesystems, or with something else beside one."""
    first: dict[int, Operation] = {}
    for device, content in _contents(operations):
        other = first.setdefault(id(device), content)
        if other is content:
            continue
        where = f"{shown_with_line(other)} is there"
        if isinstance(other, Filesystem) and isinstance(content, Filesystem):
            what = "partition" if isinstance(device, Partition) else "device"
            yield problem_in(
                content,
                f"a second filesystem on the {what} {shown_name(device)}: {where}",
                "give each filesystem a partition of its own",
                code="device-in-use",
            )
        else:
            yield problem_in(
                content,
                f"{shown_name(device)} is in use already: {where}",
                "give each a device of its own",
                code="device-in-use",
            )


def _contents(operations: Sequence[Operation]) -> Iterator[tuple[BlockDevice, Operation]]:
    """Yield each device that is used as a whole, with the operation that uses it."""
    for operation in operations:
        if isinstance(operation, Filesystem | Luks):
            yield operation.device, operation
        elif isinstance(operation, VolumeGroup):
            for device in operation.devices:
                yield device, operation


def uuids_are_apart(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Report filesystems with the same UUID: fstab and boot loaders find them by it."""
    first: dict[str, Filesystem | Luks] = {}
    for filesystem in operations:
        if isinstance(filesystem, Filesystem | Luks) and filesystem.uuid:
            other = first.setdefault(filesystem.uuid, filesystem)
            if other is not filesystem:
                yield problem_in(
                    filesystem,
                    f"{shown_with_line(other)} has the UUID {filesystem.uuid} already",
                    "give each its own, or leave it out: one is derived then",
                    code="same-identity",
                )


def names_are_apart(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Report volume groups with the same name, and devices with the same name in /dev/mapper."""
    groups: dict[str, Operation] = {}
    devices: dict[str, Operation] = {}
    for operation in operations:
        if isinstance(operation, VolumeGroup):
            name, seen, what = operation.vg_name, groups, "a second volume group"
        elif isinstance(operation, Luks | LogicalVolume):
            name, seen, what = operation.dm_name, devices, "a second device in /dev/mapper"
        else:
            continue
        other = seen.setdefault(name, operation)
        if other is not operation:
            yield problem_in(
                operation,
                f"{what} with the name {name}: {shown_with_line(other)} has it",
                "give it another one",
                code="same-identity",
            )


def boot_partitions_suit(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Report filesystems on boot partitions where firmware looks for FAT, or for boot code."""
    for device, content in _contents(operations):
        if not isinstance(device, Partition):
            continue
        if device.type == "esp" and not (
            isinstance(content, Filesystem) and traits_of(content).is_read_by_firmware
        ):
            yield problem_in(
                content,
                f"the EFI system partition {shown_name(device)} is {_kind(content)}",
                "firmware reads FAT alone: format it with that",
                code="partition-type",
            )
        if device.type in BOOT_CODE:
            yield problem_in(
                content,
                f"{shown_name(device)}, of the type {device.type}, holds the boot loader itself "
                "and no filesystem",
                "leave it unformatted",
                code="partition-type",
            )


def types_suit(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Warn of partitions whose type says that they hold something else than they do."""
    for device, content in _contents(operations):
        if not isinstance(device, Partition) or device.type not in ("swap", "lvm", "luks"):
            continue
        holds = "luks" if isinstance(content, Luks) else "lvm"
        if isinstance(content, Filesystem):
            holds = content.kind
        if holds != device.type:
            yield problem_in(
                content,
                f"{shown_name(device)} has the type {device.type}, and it is {_kind(content)}",
                "leave out type= of the partition: it follows from what it holds",
                kind=Advice,
                code="partition-type",
            )


def _kind(content: Operation) -> str:
    if isinstance(content, Filesystem):
        return content.kind
    return "encrypted" if isinstance(content, Luks) else "part of a volume group"


def handles_are_recorded(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Report handles that were made by their class, not by mkpart() or its like."""
    recorded = {id(operation) for operation in operations}
    for operation in operations:
        fields = vars(operation).values()
        for value in (v for f in fields for v in (f if isinstance(f, tuple) else (f,))):
            handle = value.mounted if isinstance(value, RootFs) else value
            if isinstance(handle, LayoutOperation) and id(handle) not in recorded:
                kind = type(handle).__name__
                maker = _MAKERS.get(kind, f"mk{kind.lower()}")
                yield problem_in(
                    handle,
                    f"{kind}() makes a handle that the plan knows nothing of",
                    f"call {maker}()",
                    code="hand-made-handle",
                )


_MAKERS = {
    "Disk": "mkimg",
    "Partition": "mkpart",
    "VolumeGroup": "mkvg",
    "LogicalVolume": "mklv",
    "Mounted": "mount",
    "Subvolume": "subvolume",
}
