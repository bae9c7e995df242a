"""Scripts of a specification that are known again when they are read.

Some do for vmdb2 what vmdsl does by itself, and are left out. Others do what vmdb2 has no step for:
swap; and GRUB for UEFI beside GRUB for BIOS, as vmdb2's steps install packages that exclude each
other.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from vmdsl.language.layout import FilesystemLayout
from vmdsl.values import SECTOR
from vmdsl.vmdb2.draft import Argument
from vmdsl.vmdb2.schema import Chroot, Grub, Mkfs, Shell, SpecStep
from vmdsl.vmdb2.text import Text

_MARK = "# what vmdsl does by itself"
_SECOND_GRUB = re.compile(r"# GRUB for UEFI on (?P<tag>\S+)\n")
_SWAP = re.compile(r"# swap on (?P<tag>\S+):(?P<words>.*)\n")
_NAMED = {"--label": "label", "--uuid": "uuid"}


def own(script: str) -> str:
    """Return a script, marked as one that is for vmdb2 alone."""
    return f"{_MARK}\n{script}"


def is_own(script: str) -> bool:
    """Return whether a script is for vmdb2 alone."""
    return script.partition("\n")[0] == _MARK


@dataclass(frozen=True, kw_only=True)
class SecondGrub(Grub):
    """A script that installs a second GRUB, for UEFI, with the settings of the first one."""


def second_grub_script(command: str, tag: str) -> str:
    """Return the script that installs a second GRUB with a command, on the partition of a tag."""
    return f"# GRUB for UEFI on {tag}\n{command}"


def with_second_grub(step: SpecStep, steps: Iterable[SpecStep]) -> SpecStep:
    """Return a step, or the second GRUB if its script makes one; the first is among `steps`."""
    found = _SECOND_GRUB.match(step.shell) if isinstance(step, Chroot) else None
    first = next((one for one in steps if isinstance(one, Grub)), None)
    if first is None or found is None:
        return step
    same = {field.name: getattr(first, field.name) for field in fields(first)}
    own = {"where": step.where, "comments": step.comments, "places": {}}
    efi = {"grub": Text("uefi", step.where), "efi": Text(found["tag"], step.where)}
    return SecondGrub(**{**same, **own, **efi})


@dataclass(frozen=True, kw_only=True)
class MkSwap(Mkfs):
    """A script that makes swap. `options` are words for mkswap, as the recipe has them."""


def swap_script(place: FilesystemLayout, tag: str) -> str:
    """Return a script that makes swap in the image, `${IMAGE}`: it writes the first page."""
    wanted = place.filesystem
    words = [
        *(["--label", wanted.label] if wanted.label else []),
        *(["--uuid", wanted.uuid] if wanted.uuid else []),
        *wanted.options,
    ]
    uuid = [] if wanted.uuid else ["--uuid", place.uuid]
    sector = place.partition.start // SECTOR
    return (
        f"# swap on {tag}:{''.join(f' {shlex.quote(word)}' for word in words)}\n"
        "header=$(mktemp)\n"
        f'truncate --size={place.partition.size} "$header"\n'
        f'mkswap {shlex.join([*words, *uuid])} "$header"\n'
        f'dd if="$header" of="${{IMAGE}}" bs={SECTOR} seek={sector} count=8 conv=notrunc\n'
        'rm "$header"'
    )


def with_swap(step: SpecStep) -> SpecStep:
    """Return a step, or the one that makes swap if its script does."""
    if not isinstance(step, Shell) or (first := _SWAP.match(step.shell)) is None:
        return step
    return MkSwap(
        where=step.where,
        comments=step.comments,
        places={},
        mkfs=Text("swap", step.where),
        partition=Text(first["tag"], step.where),
        options=Text(first["words"], step.where),
    )


def swap_arguments(step: MkSwap) -> Mapping[str, Argument]:
    """Return the arguments of mkswap() that make the same swap."""
    named: dict[str, Argument] = {}
    rest = shlex.split(step.options or "")
    while len(rest) > 1 and rest[0] in _NAMED:
        named[_NAMED[rest[0]]] = rest[1]
        del rest[:2]
    return {**named, "options": tuple(rest)} if rest else named
