"""Commands as documents show them, with what they print."""

from __future__ import annotations

import re
from collections.abc import Iterator


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a block, and what the block shows that it prints."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


def fits(shown: str, printed: str) -> bool:
    """Return whether a text is as it is shown, where `…` stands for anything."""
    lines = [re.escape(line).replace("…", ".*") + "\n" for line in shown.strip("\n").splitlines()]
    pattern = "".join("(.*\n)*" if line == ".*\n" else line for line in lines)
    text = "".join(f"{line.rstrip()}\n" for line in printed.strip("\n").splitlines())
    return bool(re.fullmatch(pattern, text))
