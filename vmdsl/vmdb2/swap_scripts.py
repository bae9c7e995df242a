"""Swap, which vmdb2 has no step for: a script makes it, and is known again when it is read."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from vmdsl.language.layout import SECTOR, FilesystemLayout
from vmdsl.vmdb2.draft import Argument
from vmdsl.vmdb2.schema import Mkfs, Shell, SpecStep
from vmdsl.vmdb2.text import Text

_FIRST = re.compile(r"# swap on (?P<tag>\S+):(?P<words>.*)\n")
_NAMED = {"--label": "label", "--uuid": "uuid"}


@dataclass(frozen=True, kw_only=True)
class MkSwap(Mkfs):
    """Such a script. `options` are what the recipe says of the swap, as words for mkswap."""


def swap_script(place: FilesystemLayout, tag: str) -> str:
    """The script, which has the image as `${IMAGE}`. All there is of swap is its first page."""
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
    """The step, or what makes swap if it is such a script."""
    if not isinstance(step, Shell) or (first := _FIRST.match(step.shell)) is None:
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
    """What the recipe says, as arguments of mkswap()."""
    named: dict[str, Argument] = {}
    rest = shlex.split(step.options or "")
    while len(rest) > 1 and rest[0] in _NAMED:
        named[_NAMED[rest[0]]] = rest[1]
        del rest[:2]
    return {**named, "options": tuple(rest)} if rest else named
