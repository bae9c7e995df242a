"""Rules for subvolumes of Btrfs: their places, the default one, and how they are mounted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from vmdsl.errors import Hint, Problem, code
from vmdsl.language.handles import Mountable, Mounted, Subvolume
from vmdsl.language.layout import COMPRESSION
from vmdsl.language.operation import Operation, problem_in, shown_name, shown_with_line


def subvolumes_are_apart(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Report two subvolumes at one place, two defaults, and one that is in another by its path."""
    seen: list[Subvolume] = []
    for one in operations:
        if not isinstance(one, Subvolume):
            continue
        beside = [other for other in seen if other.filesystem is one.filesystem]
        same = next((other for other in beside if other.full_path == one.full_path), None)
        if same is not None:
            yield problem_in(
                one,
                f"a second subvolume {one.full_path}: {shown_with_line(same)} is that",
                "give each a name of its own",
                about="name",
                code="subvolume",
            )
            continue
        yield from _nested(one, beside)
        default = next((other for other in beside if other.default), None)
        if one.default and default is not None:
            yield problem_in(
                one,
                f"a second default of {shown_name(one.filesystem)}: {shown_with_line(default)} is",
                "remove default= of one of the two",
                about="default",
                code="subvolume",
            )
        seen.append(one)


def _nested(one: Subvolume, beside: Sequence[Subvolume]) -> Iterator[Problem]:
    """Report a subvolume that is made beside one that its path leads into, before or after it."""
    for other in beside:
        for inner, outer in ((one, other), (other, one)):
            is_inside = inner.full_path.is_relative_to(outer.full_path)
            if is_inside and not any(above is outer for above in _above(inner)):
                rest = str(inner.full_path.relative_to(outer.full_path))
                hint = "make it in that one"
                if inner is one:
                    call = code("subvolume", code(outer.name), rest)
                    yield problem_in(
                        one,
                        f"{one.full_path} is in the subvolume {shown_with_line(other)}",
                        Hint(f"{hint}: ", call),
                        about="name",
                        code="subvolume",
                    )
                else:
                    yield problem_in(
                        one,
                        f"{shown_with_line(other)} is in {one.full_path}, and was made before it",
                        "make the outer one first, and the other in it",
                        about="name",
                        code="subvolume",
                    )


def _above(subvolume: Subvolume) -> Iterator[Mountable | Subvolume]:
    """Yield what a subvolume is in, from the nearest on."""
    within: Mountable | Subvolume = subvolume
    while isinstance(within, Subvolume):
        within = within.within
        yield within


def nested_ones_are_in_place(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Report a subvolume that is mounted elsewhere than in the mounted one that it is in."""
    mounts = [one for one in operations if isinstance(one, Mounted)]
    for mounted in mounts:
        source = mounted.source
        if not isinstance(source, Subvolume):
            continue
        for above in _above(source):
            other = next((one for one in mounts if one.source is above), None)
            if other is None or not isinstance(above, Subvolume):
                continue
            place = other.path / source.full_path.relative_to(above.full_path)
            if place != mounted.path and mounted.path.is_relative_to(other.path):
                yield problem_in(
                    mounted,
                    f"{shown_name(source)} is at {place} already, as it is in {shown_name(above)}, "
                    f"which is at {other.path}",
                    "mount it there, or make it beside that one",
                    about="path",
                    code="subvolume",
                )
            break


def mounts_compress_alike(operations: Sequence[Operation]) -> Iterator[Problem]:
    """Report two ways to compress a filesystem: all mounts of one have the way of the first."""
    first: dict[int, tuple[Mounted[Any], str]] = {}
    for mounted in operations:
        if not isinstance(mounted, Mounted):
            continue
        for number, option in enumerate(mounted.options):
            name, _, value = option.partition("=")
            if name in COMPRESSION and mounted.filesystem.kind == "btrfs":
                other, known = first.setdefault(id(mounted.filesystem), (mounted, value or "zlib"))
                if known != (value or "zlib"):
                    yield problem_in(
                        mounted,
                        f"{option}, and {shown_with_line(other)} has {known}: "
                        "the kernel compresses all of a Btrfs alike",
                        "give both the same, or leave it out here",
                        about=f"options[{number}]",
                        code="mount-option",
                    )
