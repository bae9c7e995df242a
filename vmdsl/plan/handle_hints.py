"""Hints for handles of another kind than the one that is wanted: the calls between the two."""

from __future__ import annotations

import ast
from contextlib import suppress

import vmdsl

#: What handles are made of, from the image to the mounted filesystem, and the functions for it.
_LADDER = ("Disk", "Gpt", "Partition", "Ext4", "Mounted")
_STEPS = ("mkgpt({})", "mkpart({})", "mkext4({})", "mount({})")
#: The attributes by which a handle knows the one before it; a filesystem's device may be any.
_PARTS = ("disk", "table", "", "filesystem")
_VERBS = ("partition", "make a partition of", "format", "mount")
_RUNGS = {
    **{name: number for number, name in enumerate(_LADDER)},
    **dict.fromkeys(("Msdos", "Extended"), 1),
    **dict.fromkeys(("Luks", "LogicalVolume"), 2),
    "Subvolume": 3,
    **{
        name: 3
        for name, kind in vars(vmdsl).items()
        if isinstance(kind, type) and issubclass(kind, vmdsl.Mountable)
    },
}


def other_kind(_: str, got: str, wanted: str) -> str:
    """Return a hint for a filesystem of another kind than the step says that it mounts."""
    if _RUNGS.get(got) != _RUNGS["Ext4"] or _RUNGS.get(wanted) != _RUNGS["Ext4"]:
        return ""
    if wanted == "Vfat":
        return f"firmware reads FAT alone: use mkvfat(); if none reads it, write -> Mounted[{got}]:"
    return f"the step says that it returns Mounted[{wanted}]: write -> Mounted[{got}]:"


def made_of(text: str, function: str, got: str, wanted: str, fat: str | None) -> str:
    """Return the calls that make the wanted handle out of one that stands before it."""
    low, high = _RUNGS.get(got), _RUNGS.get(wanted)
    if low is None or high is None or low == high:
        return ""
    if low > high:
        is_maker = function.startswith("mk") or function == "mount"
        parts = [text, *reversed(_PARTS[high:low])]
        return "" if is_maker or not all(parts) else f"write its {parts[-1]}: {'.'.join(parts)}"
    made = text or "…"
    for step in _STEPS[low:high]:
        made = step.format(made)
    if fat or wanted == "Vfat":
        made = made.replace("mkext4(", "mkvfat(")
    if fat and wanted == "Mounted":
        if got != "Vfat" and low == _RUNGS["Ext4"]:
            return ""
        made = f'{made[:-1]}, "/boot/efi", on=root())'
    return f"{_VERBS[low]} it first: {made}"


def of_btrfs(_: str, got: str) -> str:
    """Return the hint for a handle that has no subvolumes."""
    if got == "Mounted":
        return "give what is mounted, a Btrfs or a subvolume: its source"
    return "only Btrfs has subvolumes: give what mkbtrfs() or subvolume() returned"


def mounted(text: str, got: str) -> str:
    """Return the calls that format what mount() is given."""
    with suppress(SyntaxError):
        call = ast.parse(text, mode="eval").body
        if isinstance(call, ast.Call) and call.args:
            return made_of(ast.unparse(call.args[0]), "mount", got, "Mounted", None)
    return ""
