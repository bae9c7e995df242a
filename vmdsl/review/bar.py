"""A disk drawn as a bar, to scale, except that no part is too narrow to be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vmdsl.language.effects import ImageOperation
from vmdsl.language.handles import Extended
from vmdsl.language.layout import Layout
from vmdsl.values import Size

_LEAST_FREE = 2 * 2**20  # less than this is alignment and the table itself
_TOP, _BOTTOM = ("┌", "┬", "┐"), ("└", "┴", "┘")
_ASCII = str.maketrans("┌┬┐└┴┘─│≥", "++++++-|>")


@dataclass(frozen=True)
class Part:
    """A partition, or space in none, which has the number 0. `least`: it may become larger."""

    number: int
    name: str
    size: int
    least: bool = False

    def lines(self, width: int) -> tuple[str, str]:
        """Return two lines of text, with as much of the number, name and size as fits."""
        number = str(self.number or "")
        full = f"{number} {self.name}".strip()
        first = full if len(full) <= width else number[:width]
        size = f"{'≥ ' if self.least else ''}{Size(self.size)}"
        return first, size if len(size) <= width else ""


def parts(layout: Layout, written: Sequence[ImageOperation] = ()) -> list[Part]:
    """Return the partitions in the order of their places, with the space between them.

    It is free, or has the names of the steps that have `written` there. An extended partition is
    replaced by those that it contains.
    """
    found: list[Part] = []

    def add_gap(start: int, end: int) -> None:
        if end - start >= _LEAST_FREE:
            spans = [(o.name, span.start) for o in written for span in o.writes(layout)]
            here = [name for name, place in spans if start <= place < end]
            found.append(Part(0, ", ".join(dict.fromkeys(here)) or "free", end - start))

    behind = 0
    shown = [p for p in layout.partitions if not isinstance(p.partition, Extended)]
    for partition in sorted(shown, key=lambda p: p.start):
        add_gap(behind, partition.start)
        name, least = partition.partition.name, layout.is_open(partition)
        found.append(Part(partition.number, name, partition.size, least))
        behind = partition.end
    add_gap(behind, layout.size)
    return found


def draw_bar(disk: Sequence[Part], width: int, *, ascii_only: bool = False) -> tuple[str, ...]:
    """Return the lines of the bar, `width` columns wide; none if there are too many parts."""
    least = [max(len(str(part.number)), 1) for part in disk]
    room = width - len(disk) - 1
    if sum(least) > room or not disk:
        return ()
    widths = _share(room, [part.size for part in disk], least)
    texts = [part.lines(wide) for part, wide in zip(disk, widths, strict=True)]
    rows = [[text[row] for text in texts] for row in range(2) if any(text[row] for text in texts)]
    lines = [
        _edge(_TOP, widths),
        *(_row([word.center(w) for word, w in zip(row, widths, strict=True)]) for row in rows),
        _edge(_BOTTOM, widths),
    ]
    return tuple(line.translate(_ASCII) if ascii_only else line for line in lines)


def _edge(corners: tuple[str, str, str], widths: Sequence[int]) -> str:
    left, between, right = corners
    return left + between.join("─" * wide for wide in widths) + right


def _row(cells: Sequence[str]) -> str:
    return f"│{'│'.join(cells)}│"


def _share(room: int, sizes: Sequence[int], least: Sequence[int]) -> list[int]:
    """Divide `room` columns in proportion to the sizes, giving each at least its `least`."""
    small: set[int] = set()
    while True:
        rest = room - sum(least[i] for i in small)
        total = sum(size for i, size in enumerate(sizes) if i not in small)
        new = {
            i for i, size in enumerate(sizes) if i not in small and size * rest < least[i] * total
        }
        if not new:
            break
        small |= new
    exact = {i: size * rest / total for i, size in enumerate(sizes) if i not in small}
    widths = [least[i] if i in small else int(exact[i]) for i in range(len(sizes))]
    by_loss = sorted(exact, key=lambda i: int(exact[i]) - exact[i])
    for i in by_loss[: room - sum(widths)]:
        widths[i] += 1
    return widths
