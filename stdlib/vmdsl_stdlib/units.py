"""Units of systemd: whether they start with the machine."""

from __future__ import annotations

import re
import shlex

from vmdsl import RootFs, chroot, refuse

_UNIT = re.compile(r"[A-Za-z0-9:_.\\@-]+")
#: systemctl itself says nothing of a misspelt unit that it is to disable or to mask.
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
    """Let units start with the machine, such as `ssh.service`. Packages: none.

    A unit that the system doesn't have ends the build.
    """
    _change(system, "enable", units)


def disable_unit(system: RootFs, *units: str) -> None:
    """Let units not start with the machine; other units may still start them. Packages: none.

    A unit that the system doesn't have ends the build.
    """
    _change(system, "disable", units)


def mask_unit(system: RootFs, *units: str) -> None:
    """Let nothing start these units. Packages: none.

    A unit that the system doesn't have ends the build.
    """
    _change(system, "mask", units)


def _change(system: RootFs, verb: str, units: tuple[str, ...]) -> None:
    if not units:
        raise refuse(f"{verb}_unit without a unit", 'name it: "ssh.service"')
    for unit in units:
        if not _UNIT.fullmatch(unit):
            raise refuse(f"{unit!r} is not the name of a unit", "give each unit by itself")
    names = shlex.join(unit if "." in unit else f"{unit}.service" for unit in units)
    chroot(system, _SCRIPT.format(verb=verb, units=names))
