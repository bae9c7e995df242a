"""`vmdsl cache`: list and remove what builds have kept."""

from __future__ import annotations

import json as json_
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from vmdsl.cli.options import Cache, Command, Group, cache_of, parser, rounded
from vmdsl.values import Size

if TYPE_CHECKING:
    from rich.text import Text

    from vmdsl.builder.cache.cache_dir import CacheDir
    from vmdsl.builder.cache.inventory import Entry, Removed

_Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of a kept tree.")]
_All = Annotated[bool, typer.Option("--all", help="List every entry.")]
_Json = Annotated[bool, typer.Option("--json", help="Print every entry as JSON.")]
_Size = Annotated[
    Size | None,
    typer.Option(
        parser=parser(Size),
        help="Then remove the least recently used, until no more than this is left.",
        show_default=False,
    ),
]
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60))
_KEY = 12  # digits of a checksum that are enough to recognize it


def app() -> typer.Typer:
    """Return the subcommands of `vmdsl cache`."""
    made = typer.Typer(
        name="cache",
        cls=Group,
        help="Show what builds have kept for later ones, or remove it.",
        invoke_without_command=True,
    )
    made.callback()(_show_if_alone)
    for command in (show, prune, clear, shell, remove):
        made.command(cls=Command)(command)
    return made


def _show_if_alone(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        show()


def show(*, all_: _All = False, json: _Json = False, cache_dir: Cache = None) -> None:
    """Show what is in the cache: the number, size and age of each kind of entry."""
    from rich.console import Console  # noqa: PLC0415 (slow)
    from rich.text import Text  # noqa: PLC0415

    from vmdsl.builder.cache.inventory import inventory  # noqa: PLC0415

    cache = cache_of(cache_dir)
    entries = inventory(cache)
    if json:
        typer.echo(json_.dumps(_as_data(cache, entries), indent=2))
        return
    console = Console(highlight=False)
    if not entries:
        console.print(Text(f"{cache}: empty"), soft_wrap=True)
        return
    console.print(Text.assemble((str(cache), "bold"), f": {_sum(entries)}"), soft_wrap=True)
    for line in _listed(entries) if all_ else _kinds(entries):
        console.print(line, soft_wrap=True)  # a name that is wrapped can't be copied
    if broken := [entry for entry in entries if entry.is_broken]:
        text = f"{_count(broken)} unusable, {_sum(broken)}: vmdsl cache prune removes them"
        console.print(Text(text, "yellow"), soft_wrap=True)


def prune(*, size: _Size = None, cache_dir: Cache = None) -> None:
    """Remove what no build can use any more, and with --size, what was used least recently.

    Entries that running builds use stay, and so do kept trees.
    """
    from vmdsl.builder.cache.inventory import prune as prune_cache  # noqa: PLC0415

    done = prune_cache(cache_of(cache_dir), size.bytes if size else None)
    _report(done)
    if size and sum(entry.size for entry in done.left) > size.bytes:
        typer.echo(f"That is more than {size}: run vmdsl cache to see what it is.")


def clear(*, cache_dir: Cache = None) -> None:
    """Remove everything except what running builds use. Kept trees are removed too."""
    from vmdsl.builder.cache.inventory import clear as clear_cache  # noqa: PLC0415

    _report(clear_cache(cache_of(cache_dir)))


def shell(name: _Name, *, cache_dir: Cache = None) -> None:
    """Open a shell in a tree that a failed build has kept (with --on-error keep)."""
    from vmdsl.builder.cache.failed_trees import visit  # noqa: PLC0415
    from vmdsl.cli.terminal import connect, require_terminal  # noqa: PLC0415

    require_terminal("a shell", "")
    visit(cache_of(cache_dir), name, connect)


def remove(name: _Name, *, cache_dir: Cache = None) -> None:
    """Remove a tree that a failed build has kept."""
    from vmdsl.builder.cache.failed_trees import remove as remove_kept  # noqa: PLC0415

    remove_kept(cache_of(cache_dir), name)


def _report(done: Removed) -> None:
    typer.echo(f"removed {_count(done.removed)}, {_sum(done.removed)}; {_sum(done.left)} left")
    if done.in_use:
        typer.echo(f"{_count(done.in_use)}, {_sum(done.in_use)}, in use by running builds")


def _kinds(entries: Sequence[Entry]) -> Iterator[Text]:
    """Yield a line for each kind of entry."""
    from rich.text import Text  # noqa: PLC0415 (slow)

    yield Text(f"{'':<18}{'number':>8}{'size':>12}  {'last used':<16}oldest", "bold")
    for kind, those in _by_kind(entries):
        times = [entry.used for entry in those]
        columns = f"{len(those):>8}{_sum(those):>12}  {_ago(max(times)):<16}{_ago(min(times))}"
        yield Text(f"{kind:<18}{columns}")


def _listed(entries: Sequence[Entry]) -> Iterator[Text]:
    """Yield a line for each entry, kind by kind, the most recently used first."""
    from rich.text import Text  # noqa: PLC0415 (slow)

    for kind, those in _by_kind(entries):
        yield Text(f"{kind}: {_sum(those)}", "bold")
        names = {entry.path: _short(entry.path.name) for entry in those}
        width = max(map(len, names.values()))
        for entry in sorted(those, key=lambda entry: -entry.used):
            name, size, used = names[entry.path], rounded(entry.size), _ago(entry.used)
            line = Text(f"  {name:<{width}}{size:>12}  {used:<16}")
            if entry.is_broken:
                line.append("unusable ", "yellow")
            line.append(entry.about.partition("\n")[0])
            line.rstrip()
            yield line


def _by_kind(entries: Sequence[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    for kind in dict.fromkeys(entry.kind for entry in entries):
        yield kind, [entry for entry in entries if entry.kind == kind]


def _as_data(cache: CacheDir, entries: Sequence[Entry]) -> dict[str, object]:
    return {
        "cache": str(cache),
        "size": sum(entry.size for entry in entries),
        "entries": [
            {
                "kind": str(entry.kind),
                "path": str(entry.path),
                "size": entry.size,
                "used": round(entry.used),
                "about": entry.about,
                "broken": entry.is_broken,
            }
            for entry in entries
        ],
    }


def _sum(entries: Iterable[Entry]) -> str:
    return rounded(sum(entry.size for entry in entries))


def _count(entries: Sequence[Entry]) -> str:
    return "1 entry" if len(entries) == 1 else f"{len(entries)} entries"


def _short(name: str) -> str:
    """Return a name, shortened if it is a checksum."""
    base = name.partition(".")[0]
    is_sum = len(base) > _KEY and all(letter in "0123456789abcdef" for letter in base)
    return f"{base[:_KEY]}…" if is_sum else name


def _ago(when: float) -> str:
    """Return how long ago a time was, in words."""
    seconds = max(time.time() - when, 0)
    for unit, length in _UNITS:
        if seconds >= length:
            number = int(seconds / length)
            return f"{number} {unit}{'s' * (number != 1)} ago"
    return "just now"
