"""/etc/fstab: vmdb2's, and then what vmdb2 does not know of."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from vmdsl.language.layout import MountLayout
from vmdsl.operations.files.fstab import Fstab, fstab_text, place_of
from vmdsl.vmdb2.own import own
from vmdsl.vmdb2.to_yaml.emit import YamlStep
from vmdsl.vmdb2.to_yaml.export import Export

#: The mount options that vmdb2 writes, and how it ends each line.
_OPTIONS = ("defaults",)
_ALWAYS = "defaults 0 1"
#: vmdb2 forgets a device that is mounted itself.
_CRYPTTAB = """\
device=$(cryptsetup status {name} | sed -n 's/^ *device: *//p')
grep -qs '^{name} ' "$ROOT/etc/crypttab" ||
    echo "{name} UUID=$(cryptsetup luksUUID "$device") none luks,discard" >>"$ROOT/etc/crypttab\""""


def fstab(export: Export, operation: Fstab) -> Iterator[YamlStep]:
    """vmdb2's step, whose lines are changed, and to which others are added."""
    layout = export.plan.layout
    yield YamlStep(keys={"fstab": export.tag(operation.root)})
    lines = fstab_text(layout, operation.by, operation.extra).splitlines()
    mounts = sorted(layout.mounts, key=lambda m: m.path)
    changes = [
        _change(mount, line)
        for mount, line in zip(mounts, lines, strict=False)
        if operation.by != "uuid" or not line.endswith(f" {_ALWAYS}")
    ]
    if changes:
        words = " \\\n    ".join(f"-e {shlex.quote(change)}" for change in changes)
        script = f"sed -i {words} \\\n    /etc/fstab"
        usual = operation.by == "uuid" and all(m.mounted.options == _OPTIONS for m in mounts)
        yield export.chroot(own(script) if usual else script)
    if swap := lines[len(mounts) : len(lines) - len(operation.extra)]:
        yield export.chroot(own(_appended(swap)))
    if operation.extra:
        places = [place for line in operation.extra if (place := place_of(line)).startswith("/")]
        made = f"mkdir -p {shlex.join(places)}\n" if places else ""
        yield export.chroot(made + _appended(operation.extra))
    for encrypted in layout.luks:
        yield export.shell(own(_CRYPTTAB.format(name=encrypted.luks.dm_name)))


def _appended(lines: Sequence[str]) -> str:
    text = "".join(f"{line}\n" for line in lines)
    return f"cat >>/etc/fstab <<'END'\n{text}END"


def _change(mount: MountLayout, line: str) -> str:
    """What makes vmdb2's line of a mount the one that is wanted. Its UUID is vmdb2's choice."""
    kind = mount.filesystem.filesystem.kind
    source, rest = line.split(" ", 1)
    found = re.sub(r"[.\[\]*^$\\|]", r"\\\g<0>", f"{mount.path} {kind}")
    kept = source.startswith("UUID=")
    new = re.sub(r"[&\\|]", r"\\\g<0>", rest if kept else line)
    if kept:
        return rf"s|^\(UUID=[^ ]*\) {found} .*|\1 {new}|"
    return f"s|^UUID=[^ ]* {found} .*|{new}|"
