"""Scripts in a specification that do what vmdsl does by itself.

They are written for vmdb2 alone. Where a specification is read, they are left out.
"""

from __future__ import annotations

_MARK = "# what vmdsl does by itself"


def own(script: str) -> str:
    """The script, marked."""
    return f"{_MARK}\n{script}"


def is_own(script: str) -> bool:
    """Whether a script bears the mark."""
    return script.partition("\n")[0] == _MARK
