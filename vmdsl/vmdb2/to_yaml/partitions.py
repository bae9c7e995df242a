"""Partitions, as parted makes them and sfdisk completes them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping

from vmdsl.language.handles import Extended, Gpt, Partition
from vmdsl.language.layout import PartitionLayout
from vmdsl.language.partition_types import GPT_FLAGS, type_code
from vmdsl.operations.files.fstab import Fstab
from vmdsl.plan.extents import ALIGNMENT, round_down_to_mib
from vmdsl.values import SECTOR, Percent, Size
from vmdsl.vmdb2.from_yaml.parted import PartedDisk, Span
from vmdsl.vmdb2.to_yaml.emit import YamlStep
from vmdsl.vmdb2.to_yaml.export import OUTPUT, Export

#: Units of which parted takes the end as the first byte behind. In KiB it does not.
_UNITS = (("GiB", 2**30), ("MiB", 2**20))
_GPT_TAIL = 33 * SECTOR
_HIDDEN = "hidden"
#: On a disk of this size, half a percent is the first MiB, and parted goes no farther.
_NOT_NEAR = 200 * ALIGNMENT

#: How parted gives each type to a partition: a hint of its filesystem, and a flag.
_TYPES: Mapping[str, tuple[str, str]] = {
    "linux": ("", ""),
    "esp": ("fat32", "esp"),
    "fat": ("fat32", ""),
    "ntfs": ("ntfs", ""),
    "swap": ("linux-swap", ""),
    "xbootldr": ("", "bls_boot"),
    "bios-boot": ("", "bios_grub"),
    "prep": ("", "prep"),
    "lvm": ("", "lvm"),
    "raid": ("", "raid"),
    "home": ("", "linux-home"),
}
#: The same for codes that have no name.
_GPT_CODES: Mapping[str, tuple[str, str]] = {
    "E3C9E316-0B5C-4DB8-817D-F92DF00215AE": ("", "msftres"),
    "DE94BBA4-06D1-4D40-A16A-BFD50179D6AC": ("", "diag"),
    "D3BFE2DE-3DAF-11DF-BA40-E3A556D89593": ("", "irst"),
}
_MBR_CODES: Mapping[str, tuple[str, str]] = {
    "1c": ("fat32", _HIDDEN),
    "17": ("ntfs", _HIDDEN),
    "12": ("", "diag"),
    "84": ("", "irst"),
    "27": ("", "msftres"),
    "f0": ("", "palo"),
}
_LINUX_OF_MBR = "83"
_FLAGS = {
    "boot": "boot",
    "legacy-boot": "legacy_boot",
    "required": _HIDDEN,
    "no-automount": "no_automount",
}
#: A name that parted takes as it stands, but for its quotes. It spoils what isn't ASCII.
_NAME = re.compile(r"[\x20-\x7e]*", re.ASCII)


def partition(export: Export, place: PartitionLayout, parted: PartedDisk) -> Iterator[YamlStep]:
    """Yield a partition, and its flags; `parted` has the partitions before it."""
    wanted = place.partition
    tag = export.tag(wanted)
    hint, flag = _parted_type(place) or ("", "")
    start, end = _places(export, place, parted)
    yield YamlStep(
        keys={
            "mkpart": _parted_name(wanted.label) if _is_gpt(place) else _kind(wanted),
            "device": OUTPUT,
            "start": start,
            "end": end,
            "tag": tag,
            # Of an extended one parted takes no hint, and vmdb2 gives it one if it isn't empty.
            **({"fs-type": hint} if hint or isinstance(wanted, Extended) else {}),
        }
    )
    flags = [flag, *(_FLAGS.get(str(one), "") for one in wanted.flags)]
    for name in flags if _kind(wanted) != "logical" else ():
        if name:
            yield YamlStep(keys={"set_part_flag": OUTPUT, "tag": tag, "flag": name})


def hidden_types(export: Export) -> Iterator[str]:
    """Yield commands for types that parted forgets when it hides a partition of an MBR."""
    for place in export.plan.layout.partitions:
        if not _is_gpt(place) and (_parted_type(place) or ("", ""))[1] == _HIDDEN:
            yield f'sfdisk --part-type "${{IMAGE}}" {place.number} {place.type_code}'


def table_changes(export: Export) -> Iterator[str]:
    """Yield commands for properties that parted can't set, to be run when all else is done."""
    layout = export.plan.layout
    by_partition = any(
        isinstance(o, Fstab) and o.by == "partuuid" for o in export.plan.tree_operations
    )
    if by_partition and not isinstance(layout.table, Gpt):
        yield f'sfdisk --disk-id "${{IMAGE}}" {layout.label_id}'
    for place in layout.partitions:
        wanted, number = place.partition, f'"${{IMAGE}}" {place.number}'
        if _kind(wanted) == "logical" and "boot" in wanted.flags:
            yield f'parted -s "${{IMAGE}}" set {place.number} boot on'
        if _parted_type(place) is None:
            yield f"sfdisk --part-type {number} {place.type_code}"
        if not _is_gpt(place):
            continue
        if by_partition:
            yield f"sfdisk --part-uuid {number} {place.uuid}"
        if not _can_be_told(wanted.label):
            yield f"sfdisk --part-label {number} {shlex.quote(wanted.label)}"
        if any(str(flag) not in _FLAGS for flag in wanted.flags):
            names = [f"GUID:{f}" if isinstance(f, int) else GPT_FLAGS[f] for f in wanted.flags]
            yield f"sfdisk --part-attrs {number} {shlex.quote(' '.join(names))}"


def _kind(partition: Partition | Extended) -> str:
    """Return parted's kind of partition of an MBR. vmdb2 gets the numbers of logical ones wrong."""
    if isinstance(partition, Extended):
        return "extended"
    return "logical" if partition.extended is not None else "primary"


def _is_gpt(place: PartitionLayout) -> bool:
    return isinstance(place.partition.table, Gpt)


def _parted_type(place: PartitionLayout) -> tuple[str, str] | None:
    """Return how parted makes a partition of a type, if it can. An MBR has one type for Linux."""
    kind, code, is_gpt = place.partition.type, place.type_code, _is_gpt(place)
    if isinstance(place.partition, Extended) or (not is_gpt and code == _LINUX_OF_MBR):
        return _TYPES["linux"]
    if _kind(place.partition) == "logical":  # without a flag, whose step would name another one
        hint, flag = _TYPES.get(str(kind), ("", "?"))
        return (hint, "") if not flag else None
    if isinstance(kind, str):
        return _TYPES.get(kind)
    named = [words for name, words in _TYPES.items() if type_code(name, gpt=is_gpt) == code]
    codes = _GPT_CODES if is_gpt else _MBR_CODES
    return named[0] if named else codes.get(code)


def _can_be_told(label: str) -> bool:
    return bool(_NAME.fullmatch(label)) and not ('"' in label and "'" in label)


def _parted_name(label: str) -> str:
    """Return a name in parted's own language, in which spaces and quotes mean something."""
    if not _can_be_told(label):
        return "primary"
    if re.fullmatch(r"[A-Za-z0-9_.-]+", label):
        return label
    return f"'{label}'" if '"' in label else f'"{label}"'


def _places(export: Export, place: PartitionLayout, parted: PartedDisk) -> tuple[str, str]:
    """Return start and end: as the recipe says them, if parted then makes the same of them."""
    kind = "primary" if _is_gpt(place) else _kind(place.partition)
    wanted = Span(place.start // SECTOR, place.end // SECTOR - 1)
    start, end = _start(export, place), _end(export, place)
    if parted.find(start, end, kind) != wanted:
        start = _word(place.start) or f"{wanted.first}s"
        end = _word(place.end) or f"{wanted.last}s"
    parted.add(start, end, kind)
    return start, end


def _start(export: Export, place: PartitionLayout) -> str:
    start = place.partition.start
    near = export.plan.layout.size > _NOT_NEAR  # the first MiB, to 0%, as parted sees it
    if start is None and place.number == 1 and place.start == ALIGNMENT and near:
        return "0%"
    if isinstance(start, Percent) and start.number == int(start.number):
        return f"{int(start.number)}%"
    if isinstance(start, Size) and start.bytes < 0 and (word := _word(-start.bytes)):
        return f"-{word}"
    return _word(place.start) or f"{place.start // SECTOR}s"


def _end(export: Export, place: PartitionLayout) -> str:
    wanted, size = place.partition, export.plan.layout.size
    end = wanted.end
    if isinstance(end, Percent) and end.number == int(end.number):
        return f"{int(end.number)}%"
    if isinstance(end, Size) and end.bytes < 0 and (word := _word(-end.bytes)):
        return f"-{word}"
    tail = _GPT_TAIL if _is_gpt(place) else 0
    if place.end == size or (
        wanted.size is end is None and place.end == round_down_to_mib(size - tail)
    ):
        return "100%"
    return _word(place.end) or f"{place.end // SECTOR - 1}s"  # the last one that is in it


def _word(offset: int) -> str:
    """Return a place in whole MiB."""
    return next((f"{offset // f}{unit}" for unit, f in _UNITS if offset % f == 0), "")
