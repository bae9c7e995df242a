"""GRUB for UEFI beside GRUB for BIOS.

vmdb2's steps install packages that exclude each other. So the second GRUB is installed by a script,
which is known again when it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields

from vmdsl.vmdb2.schema import Chroot, Grub, SpecStep
from vmdsl.vmdb2.text import Text

_FIRST = re.compile(r"# GRUB for UEFI on (?P<tag>\S+)\n")


@dataclass(frozen=True, kw_only=True)
class SecondGrub(Grub):
    """Such a script. Its settings are those of the first GRUB: there is one configuration."""


def second_grub_script(command: str, tag: str) -> str:
    """The script that runs a command, on the partition of a tag."""
    return f"# GRUB for UEFI on {tag}\n{command}"


def with_second_grub(step: SpecStep, steps: Iterable[SpecStep]) -> SpecStep:
    """The step, or what such a script does; the first GRUB is among `steps`."""
    found = _FIRST.match(step.shell) if isinstance(step, Chroot) else None
    first = next((one for one in steps if isinstance(one, Grub)), None)
    if first is None or found is None:
        return step
    same = {field.name: getattr(first, field.name) for field in fields(first)}
    own = {"where": step.where, "comments": step.comments, "places": {}}
    efi = {"grub": Text("uefi", step.where), "efi": Text(found["tag"], step.where)}
    return SecondGrub(**{**same, **own, **efi})
