"""Enabling and disabling of systemd units."""

from __future__ import annotations

import re
import shlex
from difflib import get_close_matches

from vmdsl import RootFs, chroot, refuse

_UNIT = re.compile(r"[A-Za-z0-9:_.\\@-]+")
_KINDS = (
    *("automount", "device", "mount", "path", "scope", "service", "slice", "socket", "swap"),
    *("target", "timer"),
)
#: systemctl itself doesn't report a misspelt unit that it is asked to disable or mask.
_SCRIPT = """\
# {verb} {units}
for unit in {units}; do
    case $(systemctl is-enabled "$unit" 2>/dev/null) in
        "" | not-found) echo "the system has no unit $unit" >&2; exit 1 ;;
    esac
done
systemctl {verb} {units}
"""


def enable_unit(system: RootFs, *units: str) -> None:
    """Enable units, such as `ssh.service`: they start when the machine boots. Packages: none.

    The build fails if the system doesn't have a unit of that name.
    """
    _change(system, "enable", units)


def disable_unit(system: RootFs, *units: str) -> None:
    """Disable units: they don't start at boot, but other units may start them. Packages: none.

    The build fails if the system doesn't have a unit of that name.
    """
    _change(system, "disable", units)


def mask_unit(system: RootFs, *units: str) -> None:
    """Mask units, so that nothing can start them. Packages: none.

    The build fails if the system doesn't have a unit of that name.
    """
    _change(system, "mask", units)


def _change(system: RootFs, verb: str, units: tuple[str, ...]) -> None:
    if not units:
        raise refuse(f"{verb}_unit without a unit", 'name it: "ssh.service"', code="nothing-given")
    for number, unit in enumerate(units):
        if not _UNIT.fullmatch(unit):
            raise refuse(
                f"{unit!r} is not the name of a unit",
                "give each unit by itself",
                about=f"units[{number}]",
                code="unit",
            )
        name, dot, kind = unit.rpartition(".")
        close = get_close_matches(kind, _KINDS, n=1, cutoff=0.7)
        if dot and kind not in _KINDS and close:
            what = f"systemd has no units of the kind .{kind}"
            raise refuse(
                what, f"did you mean {name}.{close[0]}?", about=f"units[{number}]", code="unit"
            )
    names = shlex.join(unit if "." in unit else f"{unit}.service" for unit in units)
    chroot(system, _SCRIPT.format(verb=verb, units=names))
