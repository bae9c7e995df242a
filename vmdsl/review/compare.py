"""The difference between two plans, by what it is about.

Entries of both plans are the same one if they have the same step, the same kind and the same path.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher, unified_diff
from typing import Literal

from vmdsl.review.describe import DISK, FILESYSTEMS, IMAGE, MOUNTS, OPTIONS, TREE, WAIVERS
from vmdsl.review.outline import Node, Outline, lines_of
from vmdsl.values import Size

#: The groups in their order: those of whole sections, and the subjects of operations.
GROUPS = (
    *("options", "disk", "filesystems", "system", "packages", "files", "scripts", "boot", "other"),
    "policies",
)
_OF_SECTIONS = {
    OPTIONS: "options",
    DISK: "disk",
    FILESYSTEMS: "filesystems",
    MOUNTS: "filesystems",
    WAIVERS: "policies",
}
_SUBJECT = re.compile(r"(.*) \((\w+)\)")
_START = re.compile(r"sector (?P<sector>\d+) \((?P<place>.+)\)")
#: What is derived from the name of the recipe, among others.
_DERIVED = ("id", "uuid", "hash seed", "physical uuids")
#: Lines around a change of a text.
_CONTEXT = 3

#: An entry's section, step, kind and path.
Identity = tuple[str, str, str, str]
#: These, and its number among those that have the same.
Key = tuple[str, str, str, str, int]


@dataclass(frozen=True, kw_only=True)
class Detail:
    """A line of an entry that has changed; without `before` or `after` it was added or removed.

    If it is more than a line, `diff` has the lines of a unified diff, without its head.
    """

    name: str
    before: str | None
    after: str | None
    diff: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Change:
    """An entry that has changed. `moved` is for operations that run earlier or later."""

    group: str
    kind: Literal["added", "removed", "changed", "moved"]
    step: str
    summary: str
    details: tuple[Detail, ...] = ()


def compare(before: Outline, after: Outline) -> tuple[Change, ...]:
    """Return what has changed from one plan to another, by groups; empty if they are equal.

    If the recipes have different names, all UUIDs differ for that reason, which is reported once.
    """
    old, new = _paired(_entries(before), _entries(after))
    old = _aligned(old, new)
    renamed = before.recipe != after.recipe
    found = dict(_changes(old, new, ignored=_DERIVED if renamed else ()))
    changes = [*_with_what_moves(found, old, new), *_moved(old, new)]
    if renamed:
        name = Detail(name="", before=before.recipe, after=after.recipe)
        why = Detail(name="changes with it", before=None, after="every UUID and the disk's id")
        changes.append(
            Change(group="options", kind="changed", step="recipe", summary="", details=(name, why))
        )
    return tuple(sorted(changes, key=lambda change: GROUPS.index(change.group)))


def _aligned(old: Mapping[Key, Node], new: Mapping[Key, Node]) -> Mapping[Key, Node]:
    """Return the old entries, each by the key of the new one that replaces it in another step.

    That has the same path, or is the only one of its kind in both plans. Scripts have neither.
    """

    def left(keys: Iterable[Key], others: Mapping[Key, Node]) -> dict[tuple[str, str, str], Key]:
        kinds = Counter((key[0], key[2], key[3]) for key in keys)
        return {
            (key[0], key[2], key[3]): key
            for key in keys
            if key not in others
            and key[2]
            and not key[2].endswith("(scripts)")
            and kinds[key[0], key[2], key[3]] == 1
        }

    wanted, renamed = left(new, old), {}
    for kind, key in left(old, new).items():
        renamed[key] = wanted.get(kind, key)
    return {renamed.get(key, key): node for key, node in old.items()}


def _entries(outline: Outline) -> list[tuple[Identity, Node]]:
    """Return all entries in the order of the plan."""
    return [
        ((section.name, node.name, _kind(section.name, node), node.of("path")), node)
        for section in outline.sections
        for node in section.below
        if not node.drawing
    ]


def _paired(
    old: Sequence[tuple[Identity, Node]], new: Sequence[tuple[Identity, Node]]
) -> tuple[Mapping[Key, Node], Mapping[Key, Node]]:
    """Return both plans by keys. Of equal identities, entries that are the same get the same key.

    So if the first of two scripts of a step is gone, the other one has not changed.
    """
    numbers: dict[Identity, Iterator[int]] = {}
    for one in {identity for identity, _ in old}:
        was, now = ([node for i, node in plan if i == one] for plan in (old, new))
        numbers[one] = iter(_numbers(was, now))
    before = {(*identity, next(numbers[identity])): node for identity, node in old}
    seen: Counter[Identity] = Counter()
    after: dict[Key, Node] = {}
    for identity, node in new:
        seen[identity] += 1
        after[(*identity, seen[identity])] = node
    return before, after


def _numbers(old: Sequence[Node], new: Sequence[Node]) -> list[int]:
    """Return the number of the new entry that each old one has become, or a higher one."""
    numbers: list[int] = []
    gone = len(new)
    for _, first, last, begin, end in SequenceMatcher(None, old, new, False).get_opcodes():
        for number in range(begin, begin + last - first):
            gone += number >= end
            numbers.append(number + 1 if number < end else gone)
    return numbers


def _kind(section: str, node: Node) -> str:
    """Return the class of an operation; for a part of the disk, its first word."""
    if section in (TREE, IMAGE):
        return node.of("operation")
    if section == WAIVERS:
        return node.value
    return node.value.partition(" ")[0] if section == DISK else ""


def _group(key: Key) -> str:
    subject = _SUBJECT.fullmatch(key[2])
    group = _OF_SECTIONS.get(key[0]) or (subject[2] if subject else "other")
    return group if group in GROUPS else "other"


def _changes(
    old: Mapping[Key, Node], new: Mapping[Key, Node], *, ignored: Collection[str]
) -> Iterator[tuple[Key, Change]]:
    for key in _merged(list(old), list(new)):
        before, after = old.get(key), new.get(key)
        node = after or before
        assert node is not None  # noqa: S101 (a key is of one of them)
        found = _details(before, after, by_value=key[0] not in (TREE, IMAGE))
        details = tuple(one for one in found if one.name not in ignored)
        if before and after and not details:
            if before.value == after.value:
                continue
            details = (Detail(name="", before=before.value, after=after.value),)
        kind: Literal["added", "removed", "changed"] = "changed"
        if before is None or after is None:
            kind = "removed" if after is None else "added"
        change = Change(
            group=_group(key), kind=kind, step=node.name, summary=node.value, details=details
        )
        yield key, change


def _merged(old: Sequence[Key], new: Sequence[Key]) -> Iterator[Key]:
    """Yield the keys in the order of the new plan, and removed ones where they were."""
    known, left = set(new), list(old)
    for key in new:
        while left and left[0] not in known:
            yield left.pop(0)
        if left and left[0] == key:
            left.pop(0)
        yield key
    yield from (key for key in left if key not in known)


def _details(before: Node | None, after: Node | None, *, by_value: bool) -> Iterator[Detail]:
    if before and after and by_value and before.value != after.value:
        yield Detail(name="", before=before.value, after=after.value)
    if before and after and before.name != after.name:
        yield Detail(name="step", before=before.name, after=after.name)
    names = [node.name for one in (after, before) if one for node in one.below]
    for name in dict.fromkeys(names):
        old, new = (one.get(name) if one else None for one in (before, after))
        if old != new:
            yield _detail(name, old, new)


def _detail(name: str, before: Node | None, after: Node | None) -> Detail:
    old, new = (list(lines_of(node)) if node else [] for node in (before, after))
    values = [
        None if node is None else (node.value or "\n".join(block))
        for node, block in ((before, old), (after, new))
    ]
    diff: list[str] = []
    if old or new:
        is_list = any(node and any(n.name == "-" for n in node.below) for node in (before, after))
        context = 0 if is_list else _CONTEXT
        drops_places = is_list or not old or not new
        diff = list(unified_diff(old, new, n=context, lineterm=""))[2:]
        diff = [line for line in diff if not (drops_places and line.startswith("@@"))]
    return Detail(name=name, before=values[0], after=values[1], diff=tuple(diff))


def _moved(old: Mapping[Key, Node], new: Mapping[Key, Node]) -> Iterator[Change]:
    """Yield the operations that run after another one than before."""
    for section in (TREE, IMAGE):
        was = [key for key in old if key[0] == section and key in new]
        now = [key for key in new if key[0] == section and key in old]
        blocks = SequenceMatcher(None, was, now, autojunk=False).get_matching_blocks()
        kept = {key for block in blocks for key in was[block.a : block.a + block.size]}
        for number, key in enumerate(now):
            if key not in kept:
                runs = _place(now, number, new), _place(was, was.index(key), old)
                detail = Detail(name="runs", before=runs[1], after=runs[0])
                yield Change(
                    group=_group(key),
                    kind="moved",
                    step=key[1],
                    summary=new[key].value,
                    details=(detail,),
                )


def _place(keys: Sequence[Key], number: int, nodes: Mapping[Key, Node]) -> str:
    if not number:
        return "first"
    above = nodes[keys[number - 1]]
    return f"after {above.name}: {above.value}"


def _with_what_moves(
    changes: Mapping[Key, Change], old: Mapping[Key, Node], new: Mapping[Key, Node]
) -> Iterator[Change]:
    """Yield changes; where a partition's size changed, with the partitions that this moves.

    A partition that has only moved has no change of its own then.
    """
    partitions = [key for key, node in new.items() if _start(node) is not None]
    moved_by: dict[Key, list[Detail]] = {}
    for number, key in enumerate(partitions):
        was, now = _start(old.get(key)), _start(new[key])
        sized = [above for above in partitions[:number] if _takes_room(changes.get(above))]
        if was is not None and now is not None and was[1] != now[1] and sized:
            (_, before), (sector, after) = was, now
            by = after - before if after > before else before - after
            where = f"{key[1]}, by {by} {'up' if after > before else 'down'}, to sector {sector}"
            detail = Detail(name="moves with it", before=None, after=where)
            moved_by.setdefault(sized[-1], []).append(detail)
            if [one.name for one in changes[key].details] == ["start"]:
                changes = {other: change for other, change in changes.items() if other != key}
    for key, change in changes.items():
        yield replace(change, details=(*change.details, *moved_by.get(key, ())))


def _start(node: Node | None) -> tuple[str, Size] | None:
    """Return the first sector of a partition, and where that is.

    Return None for anything else, or if it is not known.
    """
    found = _START.fullmatch(node.of("start")) if node else None
    return (found["sector"], Size.parse(found["place"])) if found else None


def _takes_room(change: Change | None) -> bool:
    """Return whether a partition takes more or less room than before."""
    if change is None:
        return False
    return change.kind == "added" or any(detail.name == "size" for detail in change.details)
