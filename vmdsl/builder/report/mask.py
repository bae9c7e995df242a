"""Hides secrets in what a build reports."""

from __future__ import annotations

from collections.abc import Iterable

_MARK = b"[secret]"
#: Shorter lines of a secret of several lines are in other texts as well, and reveal nothing.
_SHORTEST_LINE = 4


class Mask:
    """Replaces each secret, and each line of one that has several lines, by a mark."""

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
        """The length of the longest hidden text."""
        return max(map(len, self._hidden), default=0)

    def all_of(self, text: bytes) -> bytes:
        """Return a whole text, masked."""
        masked, end = b"", 0
        for first, last in self._places(text):
            masked += text[end:first] + _MARK
            end = last
        return masked + text[end:]

    def of(self, text: str) -> str:
        """Return a whole text, masked."""
        return self.all_of(text.encode("utf-8", "surrogateescape")).decode(
            "utf-8", "surrogateescape"
        )

    def feed(self, piece: bytes) -> bytes:
        """Return the next piece of a long text, masked, without an end that may begin a secret."""
        text = self._held + piece
        cut = len(text) - self._unsure(text)
        for first, last in self._places(text):
            if first < cut < last:
                cut = first
        self._held = text[cut:]
        return self.all_of(text[:cut])

    def finish(self) -> bytes:
        """Return the end that `feed` has held back."""
        held, self._held = self._held, b""
        return self.all_of(held)

    def _places(self, text: bytes) -> list[tuple[int, int]]:
        """Return where the hidden texts are, in order; those that overlap are one place."""
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
        """Return the length of the longest end of `text` that a hidden text starts with."""
        return max(
            (
                length
                for hidden in self._hidden
                for length in range(1, min(len(hidden), len(text) + 1))
                if text.endswith(hidden[:length])
            ),
            default=0,
        )
