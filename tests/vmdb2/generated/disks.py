"""Disks: tables, partitions, encryption, volumes, filesystems and mounts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from vmdb2.generated.texts import LABELS

Step = dict[str, Any]

_TAGS = [
    "root",
    "/",
    "/boot",
    "tag-root",
    "class",
    "mount",
    "1",
    "part 2",
    "système",
    "disk",
    "x.y",
]
_FLAGS = {
    "gpt": ["legacy_boot", "msftdata", "hidden", "no_automount", "linux-home"],
    "msdos": ["boot", "lba"],
}
_OPTIONS = {
    "ext4": [
        "-O ^64bit",
        "-m 1",
        "-F -O ^metadata_csum",
        "-Fm 1",
        "",
        "-L there -U 01234567-89ab-cdef-0123-456789abcdef -m 2",
    ],
    "vfat": ["-F 32", "-F32 -s 8", "-i abcd1234"],
    "btrfs": ["--mixed", "--uuid=01234567-89ab-cdef-0123-456789abcdef"],
    "xfs": ["-m uuid=01234567-89ab-cdef-0123-456789abcdef -m crc=1"],
    "f2fs": ["-lthere -O extra_attr"],
}
_KINDS = {
    "efi": ["vfat", "fat", "msdos"],
    "boot": ["ext2", "ext3", "vfat"],
    "home": ["xfs", "btrfs", "f2fs"],
    "srv": ["ext4", "ext2"],
}


@dataclass
class Disk:
    """The steps of a disk; `root` is its root's tag, `efi` and `prep` those of boot loaders."""

    steps: list[Step] = field(default_factory=list)
    root: str = ""
    efi: str = ""
    prep: str = ""
    table: str = ""
    can_grow: bool = False
    has_volumes: bool = False
    #: Other names of the root.
    names: list[str] = field(default_factory=list)


@dataclass
class _Making:
    """A disk while it is made, and the tags that are left for what is on it."""

    draw: st.DrawFn
    disk: Disk
    output: str
    tags: list[str]
    #: The tag of each thing that is made, and the device that it is on.
    made: dict[str, str] = field(default_factory=dict)


@st.composite
def disks(draw: st.DrawFn) -> Disk:
    """A disk with a root, and with some more."""
    disk = Disk(table=draw(st.sampled_from(["gpt", "msdos"])))
    output = draw(st.sampled_from(["{{ output }}", "{{ output }}", "{{ image }}", "disk.img"]))
    making = _Making(draw, disk, output, draw(st.permutations(_TAGS)))
    size = draw(st.sampled_from(["8G", "8192M", "{{ n }}G", "8.5G", "9000000000"]))
    disk.steps.append({"mkimg": output, "size": size})
    disk.steps.append({"mklabel": disk.table, "device": output})
    kinds = draw(st.lists(st.sampled_from(["efi", "boot", "home", "srv"]), max_size=2, unique=True))
    if disk.table == "gpt" and draw(st.integers(0, 4)) == 0:
        kinds.insert(0, draw(st.sampled_from(["bios", "prep"])))
    kinds.insert(draw(st.integers(0, len(kinds))), "root")
    kinds.sort(key=lambda kind: kind != "efi")  # not on a logical partition
    _partitions(making, kinds)
    disk.steps += [{"kpartx": output}] * draw(st.integers(0, 1))
    disk.has_volumes = draw(st.integers(0, 4)) == 0
    kind = [step["mkpart"] for step in disk.steps if "mkpart" in step][-1]
    disk.can_grow = kinds[-1] == "root" and not disk.has_volumes and kind != "logical"
    if disk.has_volumes:
        _volumes(making)
    made = {kind: tag for kind, tag in making.made.items() if kind not in {"bios", "prep"}}
    disk.steps += [draw(_filesystems(kind, tag)) for kind, tag in made.items()]
    disk.root = made["root"]
    disk.efi, disk.prep = made.get("efi", ""), making.made.get("prep", "")
    disk.steps += _mounts(making, made)
    return disk


def _partitions(making: _Making, kinds: list[str]) -> None:
    """Make a partition for each kind; on an MBR, the last ones may be logical."""
    draw, disk = making.draw, making.disk
    first_place = draw(st.sampled_from(["1MiB", "1MiB", "0%", "1MB", "2048s", "4MiB"]))
    places = [first_place, *(f"{1 + 1500 * number}MiB" for number in range(1, len(kinds)))]
    ends = [*places[1:], draw(st.sampled_from(["100%", "-200MiB", "6000M", "12000000s", "90%"]))]
    first = len(kinds)
    if disk.table == "msdos" and len(kinds) > 1 and draw(st.integers(0, 3)) == 0:
        first = max(len(kinds) - draw(st.integers(1, 2)), int("efi" in kinds))
    untagged = draw(st.sampled_from([None] * 5 + kinds)) if first == len(kinds) else None
    for number, (kind, place, end) in enumerate(zip(kinds, places, ends, strict=True)):
        tag = making.made[kind] = making.tags.pop()
        start = place
        if number == first:
            start = _extended(making, number, ends[-1])
        elif number > first:
            start = f"{2 + 1500 * number}MiB"  # parted leaves no room for a table behind MiB
        kinds_of_mbr = st.just("logical" if number >= first else "primary")
        name = draw(_NAMES if disk.table == "gpt" else kinds_of_mbr)
        step: Step = {"mkpart": name, "device": making.output, "start": start, "end": end}
        disk.steps.append(step)
        if kind != untagged:
            step[draw(st.sampled_from(["tag", "tag", "part-tag"]))] = tag
            if number < first:  # vmdb2 takes the number of another one for a logical partition's
                _flag(making, kind, tag)
        if kind not in {"root", "bios", "prep"} and draw(st.booleans()):
            hints = ["ext4", "fat32", "linux-swap", "btrfs"]
            step["fs-type"] = draw(st.sampled_from(hints))
    if untagged:
        disk.steps.append({"kpartx": making.output, "tags": list(making.made.values())})


def _extended(making: _Making, number: int, end: str) -> str:
    """Make an extended partition. Returns where the first logical one begins."""
    begins = [f"{25 * number}%", *([f"{1600 * number}MB"] if number else [])]
    start = making.draw(st.sampled_from(begins))
    place = {"device": making.output, "start": start, "end": end}
    making.disk.steps.append(
        {"mkpart": "extended", **place, "tag": making.tags.pop(), "fs-type": ""}
    )
    if start.endswith("MB"):
        return making.draw(st.sampled_from([start, f"{1700 * number}MiB"]))
    return start


def _flag(making: _Making, kind: str, tag: str) -> None:
    """Set a flag of a partition, or set it and take it away again."""
    draw, table = making.draw, making.disk.table
    flags = {"efi": ["", "boot", "esp"], "bios": ["bios_grub"], "prep": ["prep"]}
    flag = draw(st.sampled_from(flags.get(kind, ["", "", *_FLAGS[table]])))
    if not flag:
        return
    step = {"set_part_flag": making.output, "tag": tag, "flag": flag}
    making.disk.steps.append({**step, "state": "enabled"} if draw(st.booleans()) else step)
    if kind not in flags and draw(st.integers(0, 5)) == 0:
        making.disk.steps.append({**step, "state": "disabled"})


_NAMES = st.one_of(LABELS, st.sampled_from(["primary", "two words", "'quoted'", "it's", "a.b-c"]))


def _volumes(making: _Making) -> None:
    """Encrypt the root's partition, or make volumes of it, or both."""
    draw, disk = making.draw, making.disk
    device = making.made["root"]
    encrypted = draw(st.booleans())
    if encrypted:
        key = draw(
            st.sampled_from(
                [{"password": "{{ a }}"}, {"key-file": "file"}, {"key-cmd": "pass x | cat"}]
            )
        )
        name = draw(st.sampled_from(["name", "tag"] if "password" not in key else ["name"]))
        disk.steps.append({"cryptsetup": device, name: "crypt", **key})
        making.made["root"] = device = "crypt"
    if not encrypted or draw(st.booleans()):
        disk.steps.append({"vgcreate": "vg0", "physical": [device]})
        rest = draw(st.booleans())
        if rest and "home" not in making.made:
            disk.steps.append({"lvcreate": "vg0", "name": "more", "size": "400M"})
            making.made["home"] = "more"
        size = draw(st.sampled_from(["fill", "FILL", "1G", "0.7G"])) if rest else "800M"
        disk.steps.append({"lvcreate": "vg0", "name": "rootvol", "size": size})
        making.made["root"] = "rootvol"


@st.composite
def _filesystems(draw: st.DrawFn, kind: str, tag: str) -> Step:
    step: Step = {"mkfs": draw(st.sampled_from(_KINDS.get(kind, ["ext4"]))), "partition": tag}
    if draw(st.booleans()):
        step["label"] = draw(st.one_of(LABELS, st.sampled_from(["", "{{ a }}", "a b", "ü"])))
        refused = {"xfs": " ", "vfat": "ü", "fat": "ü", "msdos": "ü"}.get(step["mkfs"])
        if refused and refused in step["label"]:
            del step["label"]
    if step["mkfs"] in _OPTIONS and draw(st.integers(0, 2)) == 0:
        words = draw(st.sampled_from(_OPTIONS[step["mkfs"]]))
        step["options"] = words.replace(
            "cdef ", f"cde{'rbhs'.find(kind[0]) + 1} "
        )  # UUIDs are apart
    if draw(st.booleans()):
        step["target_old"] = draw(st.booleans())
    return step


def _mounts(making: _Making, made: dict[str, str]) -> Iterator[Step]:
    draw, disk = making.draw, making.disk
    more: Step = {"keep_resolvconf": draw(st.booleans())} if draw(st.booleans()) else {}
    if draw(st.integers(0, 4)) == 0:
        more["fs-tag"] = "root-fs"
        disk.names.append("root-fs")
    yield {"mount": disk.root, **more, **({"zerofree": False} if draw(st.booleans()) else {})}
    for kind in ("boot", "home", "srv"):
        if kind in made:
            yield {"mount": made[kind], "dirname": f"/{kind}", "mount-on": disk.root}
    if "efi" in made and draw(st.booleans()):
        where = draw(st.sampled_from(["/boot/efi", "/boot/efi", "/efi"]))
        yield {"mount": made["efi"], "dirname": where, "mount-on": disk.root}
