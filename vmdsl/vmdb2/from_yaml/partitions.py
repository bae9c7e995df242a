"""Partitions, as calls of the recipe; sizes and places as qemu-img and parted take them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from uuid import UUID

from vmdsl.language.layout import LOGICAL_GAP
from vmdsl.language.partition_types import CODES, RAW
from vmdsl.plan.extents import ALIGNMENT, place_of, round_up_to_mib, usable_end
from vmdsl.similar import did_you_mean
from vmdsl.values import SECTOR, MiB, Percent, Size, position, sectors
from vmdsl.vmdb2.draft import Argument, Call, Hex, Result
from vmdsl.vmdb2.from_yaml.context import Context, Tag, places_of
from vmdsl.vmdb2.from_yaml.parted import EXCLUSIVE, Span, not_taken
from vmdsl.vmdb2.schema import Mkpart, SetPartFlag
from vmdsl.vmdb2.text import Note, Text

_DECIMAL = {"": 10**6, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_ROUNDED = re.compile(r"-?\d+\.?\d*\s*(?P<unit>[kmgt]?)(?P<b>b?)", re.IGNORECASE | re.ASCII)
_MIB = 2**20
_IMAGE = re.compile(r"\s*\+?(\d+\.?\d*[kmgt]|\d+b?)", re.IGNORECASE | re.ASCII)
#: Flags of parted, and their names here: a type, or a flag, by the kind of table.
_GPT_TYPES: Mapping[str, str | int | UUID] = {
    "boot": "esp",
    "esp": "esp",
    "swap": "swap",
    "prep": "prep",
    "lvm": "lvm",
    "raid": "raid",
    "bios_grub": "bios-boot",
    "bls_boot": "xbootldr",
    "msftdata": "fat",
    "linux-home": "home",
    "msftres": UUID("E3C9E316-0B5C-4DB8-817D-F92DF00215AE"),
    "diag": UUID("DE94BBA4-06D1-4D40-A16A-BFD50179D6AC"),
    "irst": UUID("D3BFE2DE-3DAF-11DF-BA40-E3A556D89593"),
}
_GPT_FLAGS = {"legacy_boot": "legacy-boot", "no_automount": "no-automount", "hidden": "required"}
_MBR_TYPES: Mapping[str, str | int | UUID] = {
    "esp": "esp",
    "swap": "swap",
    "prep": "prep",
    "lvm": "lvm",
    "raid": "raid",
    "bls_boot": "xbootldr",
    "diag": 0x12,
    "irst": 0x84,
    "msftres": 0x27,
    "palo": 0xF0,
}
_HINTS = {"fat16": "fat", "fat32": "fat", "vfat": "fat", "ntfs": "ntfs", "linux-swap": "swap"}


def image_size(text: str) -> Size:
    """Return the size of qemu-img's image, in whole sectors. Raises ValueError with a sentence."""
    found = _IMAGE.fullmatch(text)
    if found is None:
        Size.parse(text)
        raise ValueError(f"{text!r} is not a size that qemu-img takes")
    size = Size.parse(re.sub(r"\.(?!\d)", "", found[1]))
    return Size(-(-size.bytes // SECTOR) * SECTOR)


def parted_position(text: str, *, is_end: bool) -> Size | Percent:
    """Return where parted puts a partition's start or end. Raises ValueError with a sentence.

    A place in MB, GB and the like is moved to the nearest whole MiB that is less than half a unit
    away. Any other end is in the last sector of the partition, unless its unit is MiB or the like.
    """
    place, text = position(text), text.strip()
    if isinstance(place, Percent):
        return place
    rounded = _ROUNDED.fullmatch(text)
    if rounded and (rounded["unit"] or not rounded["b"]):  # B alone is exact
        nearest = round(Fraction(place.bytes, _MIB)) * _MIB
        if abs(nearest - place.bytes) * 2 <= _DECIMAL[rounded["unit"].lower()] and nearest:
            return MiB(nearest // _MIB)
    if not is_end or text.endswith(EXCLUSIVE):
        return place
    end = place + sectors(1)
    return Percent(100) if place.bytes < 0 and end.bytes == 0 else end


def mkpart(context: Context, step: Mkpart, tag: Tag) -> Call:
    """Return the call that makes a partition."""
    named = _places(context, step, tag)
    if not context.is_gpt and step.mkpart.lower() == "extended":
        return _extended(context, step, tag, named)
    table = context.table
    kind, flags = _kind(context, step, tag)
    if kind != "linux":
        named["type"] = Hex(kind) if isinstance(kind, int) else kind
    if context.is_gpt:
        named["label"] = _unquoted(context.text(step, step.mkpart))
    elif step.mkpart.lower() == "logical":
        table = context.extended or table
        context.behind, context.behind_is_end = str(step.end), True
        if not context.extended:
            what = "a logical partition before there is an extended one"
            context.problem(
                step, "mkpart", what, "make one above: mkpart: extended", code="spec-order"
            )
    elif step.mkpart.lower() != "primary":
        what = f"{str(step.mkpart)!r} is not a kind of partition of an MBR"
        context.problem(step, "mkpart", what, "primary, extended or logical", code="spec-value")
    if flags:
        named["flags"] = tuple(flags)
    return _call("mkpart", table, step, named)


def _call(function: str, table: str, step: Mkpart, named: Mapping[str, Argument]) -> Call:
    return Call(
        function=function,
        arguments=(Result(table),),
        named=named,
        where=step.where,
        places=places_of(step),
    )


def _extended(context: Context, step: Mkpart, tag: Tag, named: Mapping[str, Argument]) -> Call:
    """Return the call for an extended partition, which has a place and nothing else."""
    context.behind = str(step.start)
    wrong = [*([tag.mkfs] if tag.mkfs else []), *(f for f in tag.flags if f.flag != "lba")]
    for other in wrong:
        what = f"{tag.name!r} is an extended partition, which holds others and nothing else"
        context.problem(
            other,
            "partition" if other is tag.mkfs else "tag",
            what,
            "name another",
            code="spec-twice",
        )
    return _call("mkextended", context.table, step, named)


def _places(context: Context, step: Mkpart, tag: Tag) -> dict[str, Argument]:
    """Return start and end, if they say more than vmdsl does by itself."""
    named: dict[str, Argument] = {}
    is_logical = not context.is_gpt and step.mkpart.lower() == "logical"
    made = _made_by_parted(context, step)
    for key, is_end in (("start", False), ("end", True)):
        text = context.text(step, getattr(step, key))
        try:
            place = parted_position(text, is_end=is_end)
        except ValueError as error:
            context.problem(step, key, str(error), "these are what parted takes", code="spec-value")
            continue
        if hint := not_taken(text, context.size):
            context.problem(
                step,
                key,
                f"{str(text)!r} is a place that parted does not take",
                hint,
                code="spec-value",
            )
            continue
        if is_logical and not is_end and _begins_as_usual(context, step, tag, place, made):
            continue
        is_plain = text.is_plain or text.is_unknown
        said = _moved(text, place) if is_plain and isinstance(place, Size) else ""
        if made is not None:
            there = (made.last + 1 if is_end else made.first) * SECTOR
            if there != _in_bytes(context, place, is_logical=is_logical):
                behind = context.size if place == Percent(100) else 0
                said = f"parted puts the {key}, {text}, at sector {there // SECTOR - is_end}."
                place = Size(there - behind if there != behind else there)
        if said and is_plain:
            tag.comments.append(Note(said, context.where(step, key).path))
        if is_plain and is_end and place == Percent(100) and _is_last(context, tag):
            continue  # what is left
        if is_plain and not is_end and place in {Percent(0), Size(0)} and tag.number == 1:
            continue
        named[key] = place if is_plain else _variable_place(context, step, key, text, place)
    return named


def _moved(text: Text, place: Size) -> str:
    """Return what to say of a place that parted moves to a whole MiB; nothing if it does not."""
    asked = position(text)
    is_moved = isinstance(asked, Size) and place not in (asked, asked + sectors(1))
    return (
        f"parted takes {text.strip()} for {place}, the whole MiB nearest to it." if is_moved else ""
    )


def _made_by_parted(context: Context, step: Mkpart) -> Span | None:
    """Return where parted puts a partition; None if it refuses, or the image's size is unknown."""
    if context.parted is None:
        return None
    kind = "primary" if context.is_gpt else step.mkpart.lower()
    return context.parted.add(str(step.start), str(step.end), kind)


def _in_bytes(context: Context, place: Size | Percent, *, is_logical: bool) -> int:
    """Return the byte that a place is at in a recipe, with the first whole MiB for 0."""
    assert context.parted is not None  # noqa: S101 (only for a disk whose size is known)
    size, least, limit = context.parted.size, ALIGNMENT, 0
    if is_logical and (extended := context.parted.extended):
        least = round_up_to_mib((extended.first + 1) * SECTOR)
        limit = (extended.last + 1) * SECTOR
    if isinstance(place, Percent):
        limit = limit or usable_end(size, is_gpt=context.is_gpt)
        return place_of(place, size=size, least=least, limit=limit)
    if place.bytes == 0:
        return ALIGNMENT
    return place.bytes + (size if place.bytes < 0 else 0)


def _begins_as_usual(
    context: Context,
    step: Mkpart,
    tag: Tag,
    place: Size | Percent,
    made: Span | None,
) -> bool:
    """Return whether a logical partition begins where vmdsl puts it if no start is given.

    That is a MiB behind the one before it, where parted may leave one sector for its table.
    """
    if made is None or context.parted is None:
        return _follows(context, step, place)
    if not context.parted.is_close(made):
        return made.first == context.parted.usual_start(made)
    said = f"parted puts the start at sector {made.first}; here its table has the MiB before it."
    tag.comments.append(Note(said, context.where(step, "start").path))
    return True


def _follows(context: Context, step: Mkpart, place: Size | Percent) -> bool:
    """Return whether a logical partition begins where it does by default, behind its own table.

    Parted itself moves one that is to begin where the one before it ends.
    """
    if str(step.start) == context.behind:
        return True
    try:
        behind = parted_position(context.behind, is_end=context.behind_is_end)
    except ValueError:
        return False
    if not isinstance(behind, Size) or behind.bytes % ALIGNMENT:
        return False
    return place == Size(behind.bytes + LOGICAL_GAP)


def _is_last(context: Context, tag: Tag) -> bool:
    """Return whether no step makes a partition after it, which it could overlap with."""
    return not any(
        isinstance(other.made_by, Mkpart)
        and other.number > tag.number
        and other.made_by.mkpart.lower() != "logical"  # which is in another one
        for other in context.tags.values()
    )


def _unquoted(name: Text) -> Text:
    """Return a name without the quotes that parted takes away."""
    if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"" and name.is_plain:
        return Text(name[1:-1], name.where, (name[1:-1],))
    return name


def _variable_place(
    context: Context, step: Mkpart, key: str, text: Text, place: Size | Percent
) -> Argument:
    """Return a place that is an option of the recipe, if it has no need of parted's rounding."""
    if position(text) == place:
        return Call(function="position", arguments=(text,))
    what = f"{str(text)!r} is {place} for parted, which it is in a recipe, not an option"
    context.warn(step, key, what, "give the variable in MiB", code="spec-differs")
    return place


def _kind(context: Context, step: Mkpart, tag: Tag) -> tuple[str | int | UUID, list[str]]:
    """Return the type of a partition, and its flags."""
    kind: str | int | UUID = tag.role or _HINTS.get(str(step.fs_type or "").lower(), "linux")
    flags: list[str] = []
    if tag.role == "prep" and not context.is_gpt:
        flags.append("boot")
    for name, flag in _enabled(tag).items():
        types = _GPT_TYPES if context.is_gpt else _MBR_TYPES
        if context.is_gpt and name in _GPT_FLAGS:
            flags.append(_GPT_FLAGS[name])
        elif name in types:
            kind = types[name]
        elif name == "boot":
            flags += [] if "boot" in flags else ["boot"]
        elif name == "hidden" and kind in {"fat", "ntfs"}:
            kind = 0x1C if kind == "fat" else 0x17
        elif name != "lba" or context.is_gpt:
            table = "a GPT" if context.is_gpt else "an MBR"
            known = ", ".join(
                sorted({*types, *(_GPT_FLAGS if context.is_gpt else ("boot", "lba"))})
            )
            hint = did_you_mean(name, types) or f"there are {known}"
            context.problem(
                flag, "flag", f"{table} has no flag {str(flag.flag)!r}", hint, code="spec-value"
            )
    boots = kind == "bios-boot" and context.has_bios_grub
    if tag.mkfs is None and not tag.is_device and not tag.role and not boots:
        kind = _unused(kind, is_gpt=context.is_gpt)
    return kind, flags


def _unused(kind: str | int | UUID, *, is_gpt: bool) -> str | int | UUID:
    """Return the type of a partition that no step fills; a script may, which vmdsl can't know."""
    if not isinstance(kind, str) or kind in RAW:
        return kind
    gpt, mbr = CODES[kind]
    return UUID(gpt) if is_gpt else int(mbr, 16)


def _enabled(tag: Tag) -> Mapping[str, SetPartFlag]:
    """Return the flags that are on in the end, each with the step that has turned it on."""
    found: dict[str, SetPartFlag] = {}
    for step in tag.flags:
        name = step.flag.lower()  # parted's names are the same in capitals
        found.pop(name, None)
        if step.state != "disabled":
            found[name] = step
    return found
