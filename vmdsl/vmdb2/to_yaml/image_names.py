"""The image's name in scripts: a variable of Jinja2 for vmdb2, and `$IMAGE` here."""

from __future__ import annotations

import re

from vmdsl.vmdb2.quotes import IN_QUOTES, quotes_behind
from vmdsl.vmdb2.to_yaml.emit import escaped

_TEMPLATE = "{{ output }}"
#: The first line of a script that knows the image by the name that it has here.
EXPORT = f'export IMAGE="{_TEMPLATE}"\n'
_OTHER = re.compile(r"(?<![A-Za-z0-9_])IMAGE(?![A-Za-z0-9_])")


def naming_image(script: str) -> str:
    """A template of the script, with the image's name where the script has `$IMAGE`."""
    parts: list[str] = []
    above, rest = "", script
    for _ in range(script.count("IMAGE")):
        places = [(rest.find(name), quotes) for quotes, name in IN_QUOTES.items() if name in rest]
        for index, quotes in sorted(places):
            if quotes_behind(above + rest[:index]) == quotes:
                parts.append(rest[:index])
                above += rest[:index] + "x"
                rest = rest[index + len(IN_QUOTES[quotes]) :]
                break
    parts.append(rest)
    if any(_OTHER.search(part) for part in parts):  # in some other form, or for other programs
        return EXPORT + escaped(script)
    *others, last = parts
    return _TEMPLATE.join([*(escaped(part, is_last=False) for part in others), escaped(last)])
