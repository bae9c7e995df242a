"""Arguments of the programs that format: labels, UUIDs, and options that are refused."""

from __future__ import annotations

import re
import uuid as uuids
from collections.abc import Mapping
from contextlib import suppress
from getopt import GetoptError, gnu_getopt
from typing import TypeVar

from vmdsl.errors import Hint, code
from vmdsl.language.handles import Filesystem, sector_of, traits_of
from vmdsl.language.operation import DependsOnFailed, record, refuse, tools_of, warn
from vmdsl.language.traits import ToolOptions
from vmdsl.similar import closest, did_you_mean
from vmdsl.values import SECTOR

_F = TypeVar("_F", bound=Filesystem)

#: A size in bytes, as mke2fs and mkfs.vfat take it, and mkfs.xfs.
_BLOCK = re.compile(r"(?:size=)?(\d+)")
#: The content of a filesystem is no matter of options.
CONTENT = "the content is the tree's"
#: What to give instead of options of the tools.
GIVE_LABEL = Hint("give ", code("", label=None))
GIVE_UUID = Hint("give ", code("", uuid=None))


def record_filesystem(filesystem: _F) -> _F:
    """Record a filesystem and return it; refuse a label or options that its tool can't be given."""
    traits = traits_of(filesystem)
    named = {traits.label_option: GIVE_LABEL, traits.uuid_option: GIVE_UUID}
    tool = next(iter(tools_of(filesystem)))
    refused = {**named, **traits.refused}
    for option, value in check_options(filesystem.options, tool, refused, traits.tool_options):
        if option == traits.block_option and (size := _BLOCK.fullmatch(value)):
            check_block(filesystem, int(size[1]), about="options")
    check_label(filesystem.label, traits.longest_label)
    return record(filesystem)


def check_block(filesystem: Filesystem, size: int, *, about: str) -> None:
    """Refuse blocks that are smaller than the sectors of the disk: Linux would not mount them."""
    sector = SECTOR
    with suppress(DependsOnFailed):
        sector = sector_of(filesystem.device)
    if size < sector:
        raise refuse(
            f"{filesystem.kind} of {size} bytes a block on a disk with sectors of {sector} bytes",
            f"give {sector} bytes or more, or leave it out",
            about=about,
            code="sector-size",
        )


def check_label(label: str, most: int) -> str:
    """Return a label; refuse one that is longer than `most` bytes, or can't be printed."""
    if len(label.encode()) > most:
        raise refuse(
            f"the label {label!r} is too long",
            f"it has room for {most} bytes",
            about="label",
            code="label",
        )
    if not label.isprintable():
        raise refuse(
            f"the label {label!r} has characters that cannot be printed",
            about="label",
            code="label",
        )
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
            code="uuid",
        ) from None


def check_options(
    options: tuple[str, ...], tool: str, refused: Mapping[str, str], known: ToolOptions
) -> list[tuple[str, str]]:
    """Return the options with their values.

    Refuse what the tool does not know, and options that would make something other than what the
    plan says.
    """
    check_words(options, tool)
    parsed = _parsed(options, tool, refused, known)
    for option, value in parsed:
        if option in refused:
            raise refuse(
                f"{tool} may not be given {option} here",
                refused[option] or "vmdsl decides that itself",
                about="options",
                code="tool-option",
            )
        _check_value(option, value, tool, known)
    return parsed


def check_words(options: tuple[str, ...], tool: str) -> None:
    """Refuse options that are one text, or that cannot be words on a command line."""
    if isinstance(options, str):
        words = ", ".join(f'"{word}"' for word in options.split())
        raise refuse("options as one text", f"write options=({words},)", code="text-for-list")
    for word in options:
        if not word.isprintable() or not word:
            raise refuse(
                f"{word!r} among the options of {tool}", about="options", code="tool-option"
            )


def _parsed(
    options: tuple[str, ...], tool: str, refused: Mapping[str, str], known: ToolOptions
) -> list[tuple[str, str]]:
    """Return the options as getopt_long() of the tool reads them. `=?` is for an optional value.

    A misspelt one that is meant to be `refused` gets the reason for that.
    """
    for word in options:
        if re.match(r"--?[A-Za-z]\S* +\S", word):
            apart = ", ".join(f'"{part}"' for part in word.split())
            raise refuse(
                f"{word!r} is one word", f"write {apart}", about="options", code="tool-option"
            )
    optional = [name for name in known.long if name.endswith("=?")]
    words = [re.sub(rf"^(--({'|'.join(n[:-2] for n in optional)}))=.*", r"\1", w) for w in options]
    try:
        parsed, rest = gnu_getopt(
            words, known.short, [name.removesuffix("=?") for name in known.long]
        )
    except GetoptError as error:
        name = f"--{error.opt}" if len(error.opt) > 1 else f"-{error.opt}"
        names = [f"--{long.rstrip('=?')}" for long in known.long]
        if "not recognized" not in error.msg:
            raise refuse(
                f"{tool}: {error.msg}", f"see man {tool}", about="options", code="tool-option"
            ) from None
        meant = closest(name, names)
        if meant in refused:
            hint = refused[meant] or f"vmdsl decides on {meant} itself"
        else:
            hint = did_you_mean(name, names) or f"its options are in man {tool}"
        raise refuse(
            f"{tool} has no option {name}", hint, about="options", code="tool-option"
        ) from None
    if rest:
        raise refuse(
            f"{rest[0]!r} is not an option of {tool}",
            f"see man {tool}",
            about="options",
            code="tool-option",
        )
    return parsed


def _check_value(option: str, value: str, tool: str, known: ToolOptions) -> None:
    """Refuse a wrong value of an option, or a misspelt word; warn of one that is like no other."""
    pattern = known.values.get(option, ".*")
    if not re.fullmatch(pattern, value):
        is_list = re.fullmatch(r"[\w|-]+", pattern) is not None
        hint = f"it takes {pattern.replace('|', ', ')}" if is_list else f"see man {tool}"
        raise refuse(
            f"{tool} {option} cannot be {value!r}", hint, about="options", code="tool-option"
        )
    names = known.words.get(option, ())
    for word in value.split(",") if names else ():
        name = word.removeprefix("^").partition("=")[0]
        if name in names:
            continue
        what = f"{tool} {option} does not know {name!r}"
        if meant := did_you_mean(name, names):
            raise refuse(what, meant, about="options", code="tool-option")
        warn(
            f"{what} in Debian 13",
            f"it knows {', '.join(names)}",
            about="options",
            code="tool-option",
        )
