"""Lines of scripts about apt's index, which is not a matter of scripts here."""

from __future__ import annotations

from vmdsl.operations.packages.apt import is_package
from vmdsl.vmdb2.from_yaml.idioms import UPDATE
from vmdsl.vmdb2.from_yaml.script_parts import is_by_itself
from vmdsl.vmdb2.schema import Apt, Chroot, SpecStep
from vmdsl.vmdb2.text import Text


def gets_index(step: Chroot, after: SpecStep | None) -> bool:
    """Return whether the step after a script updates apt's index, whenever the script is run."""
    return (
        isinstance(after, Apt)
        and after.apt == "install"
        and after.tag == step.chroot
        and (after.unless is None or after.unless == step.unless)
        and bool(after.packages)
        and all(map(is_package, after.packages))  # others become a script, which updates nothing
    )


def without_update(script: Text) -> Text | None:
    """Return a script without `apt-get update` as its last command; None if nothing is left."""
    lines = script.rstrip().split("\n")
    if not script.is_plain or not all(map(is_by_itself, lines)):
        return script
    if not UPDATE.fullmatch(lines.pop().strip()):
        return script
    commands = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not commands:
        return None
    if "&&" in commands[-1]:  # at the end of a script, it may fail
        return script
    return Text("\n".join(lines).rstrip(), script.where)
