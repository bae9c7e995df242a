"""Names of a specification as names of Python: tags become steps, variables become options."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Collection

import vmdsl
import vmdsl_stdlib
from vmdsl.plan.declarations import RESERVED

#: What means something else in a recipe, or to the command line.
AVOIDED = frozenset(
    {*keyword.kwlist, *keyword.softkwlist, *dir(builtins), *RESERVED}
    | {*vmdsl.__all__, *vmdsl_stdlib.__all__}
)


def identifier(text: str, taken: Collection[str]) -> str:
    """A name for a step or an option that reads like `text`, and is not among those taken.

    `/` is `root`, `/boot/firmware` is `boot_firmware`, `99-local.conf` is `local_conf`.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.findall(r"[A-Za-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", plain))
    name = "_".join(words).lower()
    name = name.lstrip("0123456789_") or name
    if not name:
        name = "root" if text.strip() == "/" else "part"
    if name[0].isdigit():
        name = f"part_{name}"
    if name in AVOIDED:
        name += "_"
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name.rstrip('_')}_{number}"
    return free
