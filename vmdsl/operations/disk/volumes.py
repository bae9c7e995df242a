"""Encrypted devices and volumes: LUKS and LVM."""

from __future__ import annotations

import re

from vmdsl.language.handles import LogicalVolume, Luks, Partition, VolumeGroup
from vmdsl.language.operation import here, record, refuse, shown_name
from vmdsl.language.secret import Secret
from vmdsl.operations.disk.mkfs import (
    GIVE_LABEL,
    GIVE_UUID,
    check_label,
    check_uuid,
    check_words,
)
from vmdsl.values import Size

#: What LVM takes as a name, and every name below /dev/mapper may be.
_NAME = re.compile(r"[A-Za-z0-9_+.][A-Za-z0-9_+.-]*")
_LONGEST = 127
#: Names, and parts of names, that LVM keeps for volumes of its own.
_RESERVED = re.compile(
    r"\.\.?|snapshot.*|pvmove.*|.*_(cdata|cmeta|corig|cpool|cvol|iorig|mimage|mlog|pmspare|rimage|"
    r"rmeta|tdata|tmeta|vdata|vorigin|wcorig).*"
)
_LUKS_LABEL = 47
_LUKS_REFUSED = {
    "--label": GIVE_LABEL,
    "--uuid": GIVE_UUID,
    **dict.fromkeys(("--key-file", "-d"), "give the key"),
    **dict.fromkeys(("--type", "-M", "--header", "--offset", "-o"), ""),
}


def mkluks(
    device: Partition | LogicalVolume,
    key: Secret,
    *,
    name: str = "",
    label: str = "",
    uuid: str = "",
    options: tuple[str, ...] = (),
) -> Luks:
    """Encrypt a partition or a logical volume with LUKS2. The content is a device of its own.

    `key` is the passphrase: the first line of the secret. `name` is the one below /dev/mapper
    where the running system has it open; without it, the step's. `label` is at most 47 bytes.
    `uuid` is derived from the step, if not given. `options` are further arguments of
    `cryptsetup luksFormat`, which override the others.

    This can be planned, but not built yet.
    """
    check_words(options, "cryptsetup")
    for word in options:
        for option, instead in _LUKS_REFUSED.items():
            if word == option or word.startswith(
                f"{option}=" if option.startswith("--") else option
            ):
                raise refuse(
                    f"cryptsetup may not be given {option} here",
                    instead or "vmdsl decides that itself",
                    about="options",
                    code="tool-option",
                )
    return record(
        Luks(
            device=device,
            key=key,
            dm_name=_named(name, "the mapped device"),
            label=check_label(label, _LUKS_LABEL),
            uuid=check_uuid(uuid),
            options=tuple(options),
        )
    )


def mkvg(*devices: Partition | Luks, name: str = "") -> VolumeGroup:
    """Make a volume group of LVM out of partitions, or of what is encrypted.

    They become its physical volumes. `name` is the step's, if not given.

    This can be planned, but not built yet.
    """
    if not devices:
        raise refuse(
            "a volume group of nothing",
            "give the partitions that it is to consist of",
            about="devices",
            code="volume",
        )
    for number, device in enumerate(devices):
        if any(device is other for other in devices[:number]):
            raise refuse(
                f"{shown_name(device)} is twice in a volume group",
                "give it once",
                code="device-in-use",
            )
    return record(VolumeGroup(devices=devices, vg_name=_lvm_name(name, "the volume group")))


def mklv(group: VolumeGroup, *, size: Size | None = None, name: str = "") -> LogicalVolume:
    """Make a logical volume of a volume group. `name` is the step's, if not given.

    `size` is rounded up to whole extents of 4 MiB. Without it, the volume takes what the others
    of the group leave.

    This can be planned, but not built yet.
    """
    if size is not None and size.bytes <= 0:
        raise refuse(
            f"a volume of {size}",
            "give a positive size, or leave it out to take the rest",
            about="size",
            code="volume",
        )
    return record(
        LogicalVolume(group=group, lv_name=_lvm_name(name, "the logical volume"), size=size)
    )


def _lvm_name(name: str, what: str) -> str:
    chosen = _named(name, what)
    if _RESERVED.fullmatch(chosen):
        raise refuse(
            f"{what} {chosen!r}: LVM keeps such names for itself",
            "give it another one",
            about="name",
            code="volume",
        )
    return chosen


def _named(name: str, what: str) -> str:
    """Return the given name, or else the step's; refuse one that is not allowed."""
    chosen = name or here().step
    if not _NAME.fullmatch(chosen) or len(chosen) > _LONGEST:
        raise refuse(
            f"{chosen!r} cannot be the name of {what}",
            "a name has letters of ASCII, digits and _ + . -, 127 at most",
            about="name",
            code="volume",
        )
    return chosen
