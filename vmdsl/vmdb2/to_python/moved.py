"""A recipe in another directory than the one where its specification was used.

vmdb2 looks for local files where it is started, and vmdsl beside the recipe. There scripts of this
machine run, too.
"""

from __future__ import annotations

import os
import shlex
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
    """Return the recipe as it must be in `to`, if its local files were relative to `start`."""
    if start == to:
        return draft

    def call(one: Call) -> Call:
        if one.function == "host_shell":
            return _script_moved(one, start, to)
        places = _LOCAL.get(one.function, ())

        def value(place: int | str, argument: Argument) -> Argument:
            if isinstance(argument, Call):
                return call(argument)
            return _moved(argument, start, to) if place in places else argument

        return replace(
            one,
            arguments=tuple(value(*pair) for pair in enumerate(one.arguments)),
            named={name: value(name, argument) for name, argument in one.named.items()},
        )

    def option(one: DraftOption) -> DraftOption:
        if not isinstance(one.default, Path):
            return one
        return replace(one, default=Path(_relative(str(one.default), start, to)))

    return replace(
        draft,
        options=tuple(map(option, draft.options)),
        steps=tuple(replace(s, calls=tuple(map(call, s.calls))) for s in draft.steps),
    )


def _moved(argument: Argument, start: Path, to: Path) -> Argument:
    if isinstance(argument, tuple):
        return tuple(_moved(inner, start, to) for inner in argument)
    if not isinstance(argument, Text) or Path(argument).is_absolute():
        return argument
    if argument.is_plain:
        return Text(_relative(argument, start, to), argument.where)
    return argument.after(f"{os.path.relpath(start, to)}/")


def _script_moved(call: Call, start: Path, to: Path) -> Call:
    root, script = call.arguments
    assert isinstance(script, Text)  # noqa: S101 (what a shell step has)
    there = script.after(f"cd {shlex.quote(os.path.relpath(start, to))}\n")
    return replace(call, arguments=(root, there))


def _relative(name: str, start: Path, to: Path) -> str:
    return name if Path(name).is_absolute() else os.path.relpath(start / name, to)
