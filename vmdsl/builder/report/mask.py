"""Keeps secrets out of what a build says."""

from __future__ import annotations

from collections.abc import Iterable

_MARK = b"[secret]"
#: Shorter lines of a secret of several lines are in other texts as well, and tell nothing.
_SHORTEST_LINE = 4


class Mask:
    """Puts a mark in place of each secret, and of each line of one that has several."""

    def __init__(self, secrets: Iterable[bytes]) -> None:
        hidden: set[bytes] = set()
        for secret in secrets:
            lines = [line.strip() for line in secret.strip().splitlines()]
            hidden.add(secret.strip())
            hidden.update(line for line in lines if len(line) >= _SHORTEST_LINE)
        self._hidden = sorted(hidden - {b""})
        self._held = b""

    def __bool__(self) -> bool:
        return bool(self._hidden)

    @property
    def longest(self) -> int:
        """How long the longest hidden text is."""
        return max(map(len, self._hidden), default=0)

    def all_of(self, text: bytes) -> bytes:
        """A whole text, masked."""
        masked, end = b"", 0
        for first, last in self._places(text):
            masked += text[end:first] + _MARK
            end = last
        return masked + text[end:]

    def of(self, text: str) -> str:
        """A whole text, masked."""
        return self.all_of(text.encode("utf-8", "surrogateescape")).decode(
            "utf-8", "surrogateescape"
        )

    def feed(self, piece: bytes) -> bytes:
        """The next piece of a long text, masked, but for an end that may be a secret's start."""
        text = self._held + piece
        cut = len(text) - self._unsure(text)
        for first, last in self._places(text):
            if first < cut < last:
                cut = first
        self._held = text[cut:]
        return self.all_of(text[:cut])

    def finish(self) -> bytes:
        """What `feed` has kept back, at the end of the text."""
        held, self._held = self._held, b""
        return self.all_of(held)

    def _places(self, text: bytes) -> list[tuple[int, int]]:
        """Where the hidden texts are, in order; those that overlap are one place."""
        found = []
        for hidden in self._hidden:
            first = text.find(hidden)
            while first >= 0:
                found.append((first, first + len(hidden)))
                first = text.find(hidden, first + 1)
        places: list[tuple[int, int]] = []
        for first, last in sorted(found):
            if places and first < places[-1][1]:
                places[-1] = (places[-1][0], max(places[-1][1], last))
            else:
                places.append((first, last))
        return places

    def _unsure(self, text: bytes) -> int:
        """The length of the longest end of `text` that a hidden text starts with."""
        return max(
            (
                length
                for hidden in self._hidden
                for length in range(1, min(len(hidden), len(text) + 1))
                if text.endswith(hidden[:length])
            ),
            default=0,
        )
