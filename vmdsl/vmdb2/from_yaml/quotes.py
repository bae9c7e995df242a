"""In which quotes of a shell something stands, and how the image is named in them."""

from __future__ import annotations

import re

#: How a script names the image, by the quotes in which that stands; < is a here-document.
IN_QUOTES = {
    "": '"$IMAGE"',
    '"': "${IMAGE}",
    "'": "'\"$IMAGE\"'",
    "#": "$IMAGE",
    "<": "${IMAGE}",
}
#: In a here-document that the shell takes as it is, nothing names the image.
AS_IT_IS = "as it is"
_HERE = re.compile(r"<<-?\s*(['\"\\]?)([A-Za-z_]\w*)")


def quotes_behind(text: str) -> str:
    """Return the quotes in which something stands behind a script's beginning."""
    plain, inside = _here_document(text)
    if inside is None:
        return _quoting_behind(plain)
    return "<" if inside else AS_IT_IS


def _here_document(text: str) -> tuple[str, bool | None]:
    """Return a script's beginning without its here-documents, and whether it ends in one.

    That is None where it doesn't, and otherwise whether variables are replaced in it.
    """
    kept: list[str] = []
    waiting: list[tuple[str, bool]] = []
    inside = None
    for line in text.split("\n"):
        inside = waiting[0][1] if waiting else None
        if not waiting:
            kept.append(line)
            waiting += [(found[2], not found[1]) for found in _HERE.finditer(line)]
        elif line.strip() == waiting[0][0]:
            del waiting[0]
    return "\n".join(kept), inside


def _quoting_behind(text: str) -> str:
    """Return the quotes that are open at the end of a script's beginning; # is a comment."""
    escaped, quoting, previous = False, "", "\n"
    for letter in text:
        if quoting == "#":
            quoting = "" if letter == "\n" else "#"
        elif escaped:
            escaped = False
        elif letter == "\\" and quoting != "'":
            escaped = True
        elif letter in "'\"" and quoting in {"", letter}:
            quoting = "" if quoting else letter
        elif letter == "#" and not quoting and (previous.isspace() or previous in ";&|()"):
            quoting = "#"
        previous = letter
    return quoting
