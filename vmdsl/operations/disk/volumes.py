"""Encrypted devices and volumes: LUKS and LVM."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import get_args

from vmdsl.errors import Hint, code
from vmdsl.language.handles import (
    EXTENT,
    Kdf,
    LogicalVolume,
    Luks,
    Partition,
    VolumeGroup,
)
from vmdsl.language.operation import DependsOnFailed, here, one_of, record, refuse, shown_name
from vmdsl.language.secret import Secret
from vmdsl.language.traits import ToolOptions
from vmdsl.operations.disk.mkfs import (
    GIVE_LABEL,
    GIVE_UUID,
    check_label,
    check_options,
    check_uuid,
)
from vmdsl.values import Percent, Size

#: What LVM takes as a name, and every name below /dev/mapper may be.
_NAME = re.compile(r"(?!\.\.?$)[A-Za-z0-9_+.][A-Za-z0-9_+.-]*")
_LONGEST = 127
#: Names, and parts of names, that LVM keeps for volumes of its own.
_OF_VOLUMES = re.compile(
    r"snapshot.*|pvmove.*|.*_(cdata|cmeta|corig|cpool|cvol|imeta|iorig|mimage|mlog|"
    r"pmspare|rimage|rmeta|tdata|tmeta|vdata|vorigin|wcorig).*"
)
#: What a system has in /dev: LVM makes no group of such a name.
_OF_DEVICES = re.compile(
    r"block|bsg|btrfs-control|bus|char|console|core|cpu|cuse|disk|dma_heap|dri|fb\d+|"
    r"fd\d*|full|fuse|hidraw\d+|hpet|hugepages|hwrng|initctl|input|kmsg|kvm|log|loop(\d+|-control)|"
    r"mapper|mem|mqueue|net|null|nvram|port|ppp|ptmx|pts|random|rfkill|rtc\d*|shm|snd|"
    r"std(in|out|err)|tty\w*|udmabuf|uhid|uinput|urandom|usb|userfaultfd|vcs\w*|vfio|vga_arbiter|"
    r"vhost-\w+|watchdog\d*|zero|dm-\d+|md\d*|(sd|hd|vd|xvd)[a-z]+\d*|sr\d+|nvme\w+|mmcblk\w+|"
    r"nbd\d+|ram\d+|zram\d+"
)
_LEAST_EXTENT, _MOST_EXTENT = Size(128 * 2**10), Size(16 * 2**30)
#: LVM's own, and the least: a page.
_STRIPE, _LEAST_STRIPE = Size(64 * 2**10), Size(4 * 2**10)
_LUKS_LABEL = 47
_MOST_KEYS = 32
#: In KiB, for a key: cryptsetup would take half of the memory of the machine that builds.
_MEMORY = 256 * 2**10
_OF_KEYS = ("--iter-time", "--pbkdf-force-iterations", "--pbkdf-memory", "--pbkdf-parallel")
_CRYPTSETUP = ToolOptions(
    short="c:d:h:l:M:o:qs:S:v",
    long=(
        *("align-payload=", "batch-mode", "cipher=", "debug", "disable-locks", "hash=", "header="),
        *("hw-opal", "hw-opal-only", "integrity=", "integrity-legacy-padding", "integrity-no-wipe"),
        *("iter-time=", "key-file=", "key-size=", "key-slot=", "keyfile-offset=", "keyfile-size="),
        *("keyslot-cipher=", "keyslot-key-size=", "label=", "luks2-keyslots-size="),
        *("luks2-metadata-size=", "master-key-file=", "offset=", "pbkdf=", "pbkdf-memory="),
        *("pbkdf-force-iterations=", "pbkdf-parallel=", "sector-size=", "subsystem=", "type="),
        *("use-random", "use-urandom", "uuid=", "verbose", "volume-key-file="),
    ),
    values={
        **dict.fromkeys(("--iter-time", "--pbkdf-force-iterations", "--pbkdf-memory"), "[0-9]+"),
        "--pbkdf-parallel": "[1-4]",
    },
)
_LUKS_REFUSED = {
    "--label": GIVE_LABEL,
    "--uuid": GIVE_UUID,
    "--pbkdf": Hint("give ", code("", kdf=None)),
    **dict.fromkeys(("--key-file", "-d", "--keyfile-offset", "--keyfile-size", "-l"), "give a key"),
    **dict.fromkeys(
        ("--cipher", "-c", "--key-size", "-s", "--keyslot-cipher", "--keyslot-key-size"),
        "it is aes-xts-plain64 with 512 bits, cryptsetup's own choice",
    ),
    **dict.fromkeys(("--align-payload", "--debug", "--disable-locks", "--header", "--hw-opal"), ""),
    **dict.fromkeys(
        ("--hw-opal-only", "--integrity", "--integrity-legacy-padding", "--integrity-no-wipe"), ""
    ),
    **dict.fromkeys(("--key-slot", "-S", "--master-key-file", "--volume-key-file"), ""),
    **dict.fromkeys(("--offset", "-o", "--sector-size", "--type", "-M"), ""),
}


def mkluks(
    device: Partition | LogicalVolume,
    key: Secret,
    *more_keys: Secret,
    kdf: Kdf = "argon2id",
    name: str = "",
    label: str = "",
    uuid: str = "",
    options: tuple[str, ...] = (),
) -> Luks:
    """Encrypt a partition or a logical volume with LUKS2. The content is a device of its own.

    `key` is the passphrase: the first line of the secret. Each of `more_keys` opens it, too; there
    can be 32 in all. `kdf` makes it slow to try passphrases: GRUB, where it is to read /boot from
    the device, knows `pbkdf2` alone. `name` is the one below /dev/mapper where the running system
    has it open; without it, the step's. `label` is at most 47 bytes. `uuid` is derived from the
    step, if not given. `options` are further arguments of `cryptsetup luksFormat`, such as
    `--pbkdf-memory=65536` (in KiB) for machines with little memory: without it, to open the device
    takes 256 MiB.

    Its bytes differ from build to build, as they must; those of its content don't.
    """
    one_of("kdf", kdf, get_args(Kdf))
    check_options(options, "cryptsetup", _LUKS_REFUSED, _CRYPTSETUP)
    if len(more_keys) >= _MOST_KEYS:
        raise refuse(
            f"{1 + len(more_keys)} keys for an encrypted device",
            f"there is room for {_MOST_KEYS}",
            about="more_keys",
            code="volume",
        )
    return record(
        Luks(
            device=device,
            key=key,
            more_keys=more_keys,
            kdf=kdf,
            dm_name=_named(name, "the mapped device"),
            label=check_label(label, _LUKS_LABEL),
            uuid=check_uuid(uuid),
            options=tuple(options),
        )
    )


def key_options(luks: Luks) -> tuple[str, ...]:
    """Return the options of cryptsetup that say how a key becomes what opens the device."""
    given = check_options(luks.options, "cryptsetup", {}, _CRYPTSETUP)
    words = [f"--pbkdf={luks.kdf}"]
    if luks.kdf != "pbkdf2" and "--pbkdf-memory" not in dict(given):
        words.append(f"--pbkdf-memory={_MEMORY}")
    for option, value in given:
        if option in _OF_KEYS:
            words.append(f"{option}={value}")
    return tuple(words)


def passphrase(secret: bytes) -> bytes:
    """Return what somebody types to open a device, of the value of its key."""
    return secret.partition(b"\n")[0].removesuffix(b"\r")


def mkvg(*devices: Partition | Luks, name: str = "", extent: Size | None = None) -> VolumeGroup:
    """Make a volume group of LVM out of partitions, or of what is encrypted.

    They become its physical volumes, and a partition without a type gets the type `lvm`. `name`
    is the step's, if not given. `extent` is the unit of its volumes' sizes: 4 MiB, or another
    power of two from 128 KiB to 16 GiB.
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
    unit = EXTENT if extent is None else extent
    is_power = unit.bytes > 0 and unit.bytes & (unit.bytes - 1) == 0
    if not is_power or not _LEAST_EXTENT <= unit <= _MOST_EXTENT:
        raise refuse(
            f"a volume group with extents of {unit}",
            f"give a power of two from {_LEAST_EXTENT} to {_MOST_EXTENT}, or leave it out",
            about="extent",
            code="volume",
        )
    chosen = _named(name, "the volume group")
    if _OF_DEVICES.fullmatch(chosen):
        raise refuse(
            f"a volume group cannot be named {chosen!r}: /dev/{chosen} is something else",
            "give it another name",
            about="name",
            code="volume",
        )
    return record(VolumeGroup(devices=devices, vg_name=chosen, extent=unit))


def mklv(
    group: VolumeGroup,
    *,
    size: Size | Percent | None = None,
    name: str = "",
    stripes: int = 1,
    stripe_size: Size | None = None,
) -> LogicalVolume:
    """Make a logical volume of a volume group. `name` is the step's, if not given.

    `size` is a Size, which is rounded up to whole extents; or a Percent of the group, rounded down
    to such. Without it, the volume takes what the others of the group leave; in an image that grows
    with its content, that is the volume that grows.

    A volume is linear: it takes the extents of one device, or of several that follow each other.
    With `stripes`, it takes as many of each of so many devices, and pieces of `stripe_size` are on
    them in turn: 64 KiB, or another power of two from 4 KiB up to an extent. Without a size, such a
    volume takes what all of these devices have left.
    """
    if size is not None and (size.number if isinstance(size, Percent) else size.bytes) <= 0:
        raise refuse(
            f"a volume of {size}",
            "give a positive size, or leave it out to take the rest",
            about="size",
            code="volume",
        )
    with suppress(DependsOnFailed):
        _check_stripes(group, stripes, stripe_size)
    chosen = _named(name, "the logical volume")
    if _OF_VOLUMES.fullmatch(chosen):
        raise refuse(
            f"the logical volume {chosen!r}: LVM keeps such names for itself",
            "give it another one",
            about="name",
            code="volume",
        )
    striped = stripes > 1
    volume = LogicalVolume(
        group=group,
        lv_name=chosen,
        size=size,
        stripes=stripes if striped else None,
        stripe_size=(stripe_size or _STRIPE) if striped else None,
    )
    with suppress(DependsOnFailed):
        if len(volume.dm_name) > _LONGEST:
            raise refuse(
                f"the logical volume {chosen!r}: with the name of its group it is too long",
                f"/dev/mapper has names of {_LONGEST} characters, in which hyphens are doubled",
                about="name",
                code="volume",
            )
    return record(volume)


def _check_stripes(group: VolumeGroup, stripes: int, size: Size | None) -> None:
    """Refuse stripes that LVM does not make, or that the group has too few devices for."""
    devices = len(group.devices)
    if not 1 <= stripes <= devices:
        has = "one device" if devices == 1 else f"{devices} devices"
        raise refuse(
            f"a volume in {stripes} stripes, and its group has {has}",
            "give one for each device at most",
            about="stripes",
            code="volume",
        )
    if size is None:
        return
    if stripes == 1:
        raise refuse(
            "the size of stripes of a volume that has none",
            "give stripes=2 or more, or leave it out",
            about="stripe_size",
            code="volume",
        )
    if size.bytes & (size.bytes - 1) or not _LEAST_STRIPE <= size <= group.extent:
        raise refuse(
            f"stripes of {size}",
            f"give a power of two from {_LEAST_STRIPE} to {group.extent}, which is an extent",
            about="stripe_size",
            code="volume",
        )


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
