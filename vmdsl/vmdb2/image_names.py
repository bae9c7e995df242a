"""The image's name in scripts: a variable of Jinja2 for vmdb2, and `$IMAGE` here."""

from __future__ import annotations

import re

from vmdsl.vmdb2.emit import escaped

#: How a script names the image, by the quotes in which that stands.
IN_QUOTES = {"": '"$IMAGE"', '"': "${IMAGE}", "'": "'\"$IMAGE\"'", "#": "$IMAGE"}
_HERE = re.compile(r"<<-?\s*(['\"\\]?)([A-Za-z_]\w*)")
_TEMPLATE = "{{ output }}"
_OTHER = re.compile(r"(?<![A-Za-z0-9_])IMAGE(?![A-Za-z0-9_])")


def naming_image(script: str) -> str:
    """A template of the script, with the image's name where the script has `$IMAGE`."""
    parts: list[str] = []
    above, rest = "", script
    for _ in range(script.count("IMAGE")):
        places = [(rest.find(name), quotes) for quotes, name in IN_QUOTES.items() if name in rest]
        for index, quotes in sorted(places):
            if quoting_behind(above + rest[:index]) == quotes:
                parts.append(rest[:index])
                above += rest[:index] + "x"
                rest = rest[index + len(IN_QUOTES[quotes]) :]
                break
    parts.append(rest)
    if any(_OTHER.search(part) for part in parts):  # in some other form, or for other programs
        return f'export IMAGE="{_TEMPLATE}"\n{escaped(script)}'
    return _TEMPLATE.join(map(escaped, parts))


def here_document(text: str) -> tuple[str, bool | None]:
    """A script's beginning without its here-documents, and whether it ends in one.

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


def quoting_behind(text: str) -> str:
    """In which quotes a shell is at the end of a script's beginning; # stands for a comment."""
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
