"""A recipe in another directory than the one where its specification was used.

vmdb2 looks for local files where it is started, and vmdsl beside the recipe.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from vmdsl.vmdb2.draft import Argument, Call, Draft, DraftOption
from vmdsl.vmdb2.text import Text

#: Arguments that are local files, by their number or their name.
_LOCAL: Mapping[str, tuple[int | str, ...]] = {
    "copy_file": (1,),
    "copy_tree": (1,),
    "ansible": (1, "config"),
    "debootstrap": ("keyring", "tls_ca_certs"),
    "Secret.from_file": (0,),
}


def moved(draft: Draft, *, start: Path, to: Path) -> Draft:
    """The recipe as it must be in `to`, where its local files were relative to `start`."""
    if start == to:
        return draft

    def path(argument: Argument) -> Argument:
        if isinstance(argument, tuple):
            return tuple(map(path, argument))
        if isinstance(argument, Text) and argument.is_plain:
            return Text(_relative(argument, start, to), argument.where)
        return argument

    def call(one: Call) -> Call:
        places = _LOCAL.get(one.function, ())
        return replace(
            one,
            arguments=tuple(
                path(a) if number in places else inner(a) for number, a in enumerate(one.arguments)
            ),
            named={name: path(a) if name in places else inner(a) for name, a in one.named.items()},
        )

    def inner(argument: Argument) -> Argument:
        return call(argument) if isinstance(argument, Call) else argument

    def option(one: DraftOption) -> DraftOption:
        if not isinstance(one.default, Path):
            return one
        return replace(one, default=Path(_relative(str(one.default), start, to)))

    return replace(
        draft,
        options=tuple(map(option, draft.options)),
        steps=tuple(replace(s, calls=tuple(map(call, s.calls))) for s in draft.steps),
    )


def _relative(name: str, start: Path, to: Path) -> str:
    return name if Path(name).is_absolute() else os.path.relpath(start / name, to)
