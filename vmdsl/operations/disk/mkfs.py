"""Arguments of the programs that format: labels, UUIDs, and options that are refused."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Mapping
from typing import TypeVar

from vmdsl.errors import Hint, code
from vmdsl.language.handles import Filesystem
from vmdsl.language.operation import record, refuse

_F = TypeVar("_F", bound=Filesystem)

#: The content of a filesystem is no matter of options.
CONTENT = "the content is the tree's"
#: What to give instead of options of the tools.
GIVE_LABEL = Hint("give ", code("", label=None))
GIVE_UUID = Hint("give ", code("", uuid=None))


def record_filesystem(filesystem: _F) -> _F:
    """Record a filesystem and return it; refuse a label or options that its tool can't be given."""
    traits = filesystem.traits
    named = {traits.label_option: GIVE_LABEL, traits.uuid_option: GIVE_UUID}
    check_options(filesystem.options, next(iter(filesystem.programs)), {**named, **traits.refused})
    check_label(filesystem.label, traits.longest_label)
    return record(filesystem)


def check_label(label: str, most: int) -> str:
    """Return a label; refuse one that is longer than `most` bytes, or can't be printed."""
    if len(label.encode()) > most:
        raise refuse(
            f"the label {label!r} is too long", f"it has room for {most} bytes", about="label"
        )
    if not label.isprintable():
        raise refuse(f"the label {label!r} has characters that cannot be printed", about="label")
    return label


def check_uuid(uuid: str) -> str:
    """Return a UUID as it is usually written; refuse what is not one."""
    try:
        return str(uuids.UUID(uuid)) if uuid else ""
    except ValueError:
        raise refuse(
            f"{uuid!r} is not a UUID",
            'one is like "ed09e570-a448-5eae-8a35-3b7317a07202"',
            about="uuid",
        ) from None


def check_options(options: tuple[str, ...], tool: str, refused: Mapping[str, str]) -> None:
    """Refuse options that would make something other than what the plan says."""
    if isinstance(options, str):
        words = ", ".join(f'"{word}"' for word in options.split())
        raise refuse("options as one text", f"write options=({words},)")
    for word in options:
        if not word.isprintable() or not word:
            raise refuse(f"{word!r} among the options of {tool}", about="options")
        for option, instead in refused.items():
            short = not option.startswith("--")
            if word == option or word.startswith(option if short else f"{option}="):
                raise refuse(
                    f"{tool} may not be given {option} here",
                    instead or "vmdsl decides that itself",
                    about="options",
                )
