"""The disk: image, table, volumes, filesystems and mounts, as vmdb2 makes them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from vmdsl.language.handles import (
    EXTENT,
    Gpt,
    Partition,
    own_arguments,
    uuid_arguments,
)
from vmdsl.language.layout import FilesystemLayout, LuksLayout
from vmdsl.language.secret import Secret
from vmdsl.operations.disk.ext import Ext4
from vmdsl.operations.disk.swap import Swap, is_random
from vmdsl.values import SECTOR, Size
from vmdsl.vmdb2.from_yaml.disk import FOR_OLD_TARGETS
from vmdsl.vmdb2.from_yaml.parted import PartedDisk
from vmdsl.vmdb2.marked_scripts import swap_script
from vmdsl.vmdb2.to_yaml.emit import Value, YamlStep
from vmdsl.vmdb2.to_yaml.export import OUTPUT, Export
from vmdsl.vmdb2.to_yaml.partitions import partition


def disk(export: Export) -> Iterator[YamlStep]:
    """Yield all that comes before the content of the root filesystem."""
    layout = export.plan.layout
    if layout.disk.from_image is not None:
        what = "for an image that starts from one that is there"
        export.refuse(layout.disk, what, "make its partitions anew, and unpack a tarball")
        return
    _refuse_sizes(export)
    yield YamlStep(keys={"mkimg": OUTPUT, "size": _size(layout.size)})
    if layout.table is None:
        return
    kind = "gpt" if isinstance(layout.table, Gpt) else "msdos"
    yield YamlStep(keys={"mklabel": kind, "device": OUTPUT})
    parted = PartedDisk(size=layout.size, is_gpt=kind == "gpt")
    for place in sorted(layout.partitions, key=lambda p: p.number):  # as kpartx finds them
        yield from partition(export, place, parted)
    if layout.partitions:
        yield YamlStep(keys={"kpartx": OUTPUT})
    yield from _volumes(export)
    for filesystem in layout.filesystems:
        if not isinstance(filesystem.filesystem, Swap):
            yield _filesystem(export, filesystem)
    for mount in sorted(layout.mounts, key=lambda m: len(m.path.parts)):
        keys: dict[str, Value] = {"mount": export.tag(mount.mounted)}
        if str(mount.path) != "/":
            keys |= {"dirname": str(mount.path), "mount-on": export.root}
        yield YamlStep(keys=keys)


def _refuse_sizes(export: Export) -> None:
    """Note problems with the size of a disk and of its sectors."""
    layout = export.plan.layout
    if layout.disk.size is None:
        what = "for an image that is as large as its content"
        export.refuse(layout.disk, what, "give mkimg a size")
    if layout.sector != SECTOR:
        export.refuse(layout.disk, f"for sectors of {layout.sector} bytes")


def _volumes(export: Export) -> Iterator[YamlStep]:
    """Yield what is encrypted, and what LVM makes; a volume that takes what is left comes last."""
    layout = export.plan.layout
    for place in layout.luks:
        yield _luks(export, place)
    for group in layout.groups:
        if group.group.extent != EXTENT:
            what = f"for extents of {group.group.extent}"
            export.refuse(group.group, what, "leave out extent=, for extents of 4 MiB")
        devices = [export.tag(device) for device in group.group.devices]
        yield YamlStep(keys={"vgcreate": group.group.vg_name, "physical": devices})
    for volume in sorted(layout.volumes, key=lambda v: v.volume.size is None):
        if volume.volume.stripes:
            export.refuse(volume.volume, "for a striped volume of LVM", "leave out stripes=")
        given = volume.volume.size
        size = given.bytes if isinstance(given, Size) else volume.size  # it takes no percents
        yield YamlStep(
            keys={
                "lvcreate": volume.volume.group.vg_name,
                "name": volume.volume.lv_name,
                "size": "fill" if given is None else _size(size, unit="B"),
            }
        )


def _luks(export: Export, place: LuksLayout) -> YamlStep:
    luks = place.luks
    for name in ("label", "uuid", "options"):
        if getattr(luks, name):
            export.refuse(luks, f"for the {name} of an encrypted device")
    if luks.more_keys:
        export.refuse(luks, "for a second key of an encrypted device", "give it one")
    if luks.kdf != "argon2id":
        export.refuse(luks, f"for an encrypted device with {luks.kdf}", "leave out kdf=")
    if not any(luks.device is p.partition for p in export.plan.layout.partitions):
        export.refuse(luks, "for a volume of LVM that is encrypted", "encrypt what LVM is on")
    return YamlStep(
        keys={"cryptsetup": export.tag(luks.device), "name": luks.dm_name, **_key(luks.key)}
    )


def _key(key: Secret) -> dict[str, Value]:
    """Return the key with the place of the passphrase."""
    match key.source:
        case "text":
            return {"password": key.text}
        case "file":
            return {"key-file": key.reference[0]}
        case "environment":
            return {"key-cmd": f"printenv {key.reference[0]}"}
        case "command":
            is_script = key.reference[:2] == ("sh", "-ec") and len(key.reference) == 3  # noqa: PLR2004
            return {"key-cmd": key.reference[2] if is_script else shlex.join(key.reference)}


def _size(size: int, unit: str = "") -> str:
    for letter, factor in (("T", 2**40), ("G", 2**30), ("M", 2**20), ("K", 2**10)):
        if size % factor == 0 and size:
            return f"{size // factor}{letter}"
    return f"{size}{unit}"


def _filesystem(export: Export, place: FilesystemLayout) -> YamlStep:
    filesystem = place.filesystem
    for subvolume in place.subvolumes:
        what = f"for a subvolume of Btrfs, such as {subvolume.full_path}"
        export.refuse(subvolume, what, "mount the filesystem itself")
    old = isinstance(filesystem, Ext4) and filesystem.features == FOR_OLD_TARGETS
    own = own_arguments(filesystem)[2 if old else 0 :]  # the features come first
    words = [*uuid_arguments(filesystem), *own, *filesystem.options]
    if any(not word or " " in word for word in words):
        export.refuse(filesystem, f"for an option of mkfs with a space: {shlex.join(words)}")
    return YamlStep(
        keys={
            "mkfs": filesystem.kind,
            "partition": export.tag(filesystem),
            **({"label": filesystem.label} if filesystem.label else {}),
            **({"options": " ".join(words)} if words else {}),
            **({"target_old": True} if old else {}),
        }
    )


def swap(export: Export) -> Iterator[YamlStep]:
    """Yield swap, which vmdb2 has no step for."""
    for one in export.plan.layout.swap_files:
        hint = "make a partition swap space, with mkswap()"
        export.refuse(one.swap_file, "for a swap file", hint)
    for place in export.plan.layout.filesystems:
        filesystem = place.filesystem
        if not isinstance(filesystem, Swap):
            continue
        if not isinstance(filesystem.device, Partition):
            export.refuse(filesystem, "for swap on an encrypted device or a volume of LVM")
        elif is_random(filesystem):
            export.refuse(filesystem, "for swap with a random key", "leave out random_key=")
        elif not export.root:
            export.refuse(filesystem, "for swap without a root filesystem")
        else:
            yield export.image_shell(swap_script(place, export.tag(filesystem)))
