"""Why an operation must be done again, in terms of the recipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vmdsl.builder.cache.keys import Inputs

_SHORT = 60
_IN_OCTAL = ("mode", "umask")


def why(before: Sequence[Inputs | None], now: Sequence[Inputs | None], number: int) -> str:
    """Return what has changed at operation `number` since the last build; 0 is the common part."""
    first, mine = now[0], now[number]
    if not before or not before[0]:
        return "this recipe has not been built yet"
    if first and before[0] != first:
        changed = [name for name in first if first[name] != before[0].get(name)]
        return f"changed: {', '.join(changed)}"
    last = before[number] if number < len(before) else None
    if mine is None or last == mine:
        return "its layer is not in the cache"
    return _moved(before, now, number) or "; ".join(_differences(last or {}, mine)) or "it changed"


def _moved(before: Sequence[Inputs | None], now: Sequence[Inputs | None], number: int) -> str:
    """Return the reason if another operation was at this place in the last build, or ""."""
    mine = now[number] or {}
    last = before[number] if number < len(before) else None
    if mine in before[number + 1 :]:
        gone = last not in now[number + 1 :]
        return f"{_name(last)} {'before it was removed' if gone else 'comes after it now'}"
    if last is None or last in now[number + 1 :] or "operation" not in last:
        return "it is new"
    if last["operation"] != mine.get("operation"):
        return f"it replaces {_name(last)}"
    return ""


def _name(inputs: Inputs | None) -> str:
    return str((inputs or {}).get("operation", "what was"))


def _differences(last: Inputs, mine: Inputs) -> Iterator[str]:
    if "arguments" not in mine or "arguments" not in last:
        return
    for name, value in mine["arguments"].items():
        old = last["arguments"].get(name)
        if value != old:
            how = _how(old, value, in_octal=name in _IN_OCTAL)
            yield f"argument `{name}` changed{': ' if how else ''}{how}"
    for name in last["arguments"].keys() - mine["arguments"]:
        yield f"argument `{name}` was removed"
    for key, what in (("files", "file"), ("programs", "program"), ("code", "code")):
        yield from (f"{what} {name} {how}" for name, how in _changes(last.get(key, {}), mine[key]))
    if last.get("layout") != mine.get("layout"):
        yield "the disk's layout changed"


def _changes(last: Mapping[str, Any], mine: Mapping[str, Any]) -> list[tuple[str, str]]:
    changed = [(name, "changed") for name in mine if name in last and mine[name] != last[name]]
    new = [(name, "is new") for name in mine if name not in last]
    gone = [(name, "was removed") for name in last if name not in mine]
    return [*changed, *new, *gone]


def _how(last: Any, mine: Any, *, in_octal: bool) -> str:
    """Return how a value has changed, where that fits in a line."""
    if isinstance(last, list) and isinstance(mine, list):
        return _shortened(_signs(last, mine))
    if isinstance(last, str) and isinstance(mine, str) and "\n" in last + mine:
        return _shortened(_signs(last.split("\n"), mine.split("\n")))
    simple = all(isinstance(value, str | int | None) for value in (last, mine))
    if in_octal:
        last, mine = (oct(one) if isinstance(one, int) else one for one in (last, mine))
    return _shortened([f"{last} → {mine}"]) if simple else ""


def _signs(last: Sequence[Any], mine: Sequence[Any]) -> list[str]:
    new = [f"+ {str(value).strip()}" for value in mine if value not in last]
    gone = [f"- {str(value).strip()}" for value in last if value not in mine]
    same = not new and not gone and len(last) == len(mine)
    return ["the order"] if same else [*new, *gone]


def _shortened(signs: Sequence[str]) -> str:
    text = ", ".join(signs)
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}…"
