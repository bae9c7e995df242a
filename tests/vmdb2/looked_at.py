"""What the steps of a specification say of its system, looked at while that runs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vmdb2.machines import said
from vmdsl.boot.console import Console

Steps = Sequence[Mapping[str, Any]]

_BOOTSTRAP = ("debootstrap", "qemu-debootstrap")
#: What vmdb2 tells the kernel, unless kernel-params says something else.
_PARAMETERS = ("biosdevname=0", "net.ifnames=0", "consoleblank=0", "rw")


def is_as_said(console: Console, steps: Steps) -> None:
    """Hold everything that the steps say against what is there."""
    for step in steps:
        for kind, look in _LOOKS.items():
            if kind in step:
                look(console, step)
    _partitions(console, steps)
    script = scripts(steps)
    for name in re.findall(r'echo "?([\w-]+)"? > \S*/etc/hostname', script):
        assert said(console, "hostname") == name
    for unit in re.findall(r"(?m)^ *systemctl enable (\S+)", script):
        assert said(console, f"systemctl is-enabled {unit}") == "enabled"


def scripts(steps: Steps) -> str:
    """All shell of a specification."""
    return "\n".join(step.get("shell", "") for step in steps)


def _partitions(console: Console, steps: Steps) -> None:
    """The partitions, in their order, with the filesystems that were made on them."""
    made = {step["partition"]: step for step in steps if "mkfs" in step}
    tags = [step.get("tag", step.get("part-tag")) for step in steps if "mkpart" in step]
    shown = said(console, "lsblk --raw --noheadings --output NAME,FSTYPE,LABEL /dev/vda")
    _, *parts = (line.split() for line in shown.splitlines())
    assert [part[1:] for part in parts] == [
        [made[tag]["mkfs"], *made[tag].get("label", "").split()] if tag in made else []
        for tag in tags
    ]


def _table(console: Console, step: Mapping[str, Any]) -> None:
    kind = said(console, "lsblk --nodeps --noheadings --output PTTYPE /dev/vda")
    assert kind == {"msdos": "dos"}.get(step["mklabel"], step["mklabel"])


def _system(console: Console, step: Mapping[str, Any]) -> None:
    (suite,) = (step[key] for key in _BOOTSTRAP if key in step)
    assert said(console, ". /etc/os-release; echo $VERSION_CODENAME") == suite
    assert said(console, "dpkg --print-architecture") == step.get("arch", "amd64")
    if "variant" in step:
        said(console, "! dpkg-query --status vim-tiny")  # which is in a larger system


def _packages(console: Console, step: Mapping[str, Any]) -> None:
    wanted = step.get("packages", [step["apt"]])
    states = said(console, f"dpkg-query -f '${{db:Status-Status}}\\n' -W {' '.join(wanted)}")
    assert states.split() == ["installed"] * len(wanted)


def _owned(kind: str, *, umask: int = 0) -> Callable[[Console, Mapping[str, Any]], None]:
    def look(console: Console, step: Mapping[str, Any]) -> None:
        mode = step.get("perm", 0o755 if umask else 0o644) & ~umask
        seen = said(console, f"stat -c '%a %u %g' {step[kind]}")
        assert seen == f"{mode:o} {step.get('uid', 0)} {step.get('gid', 0)}"
        if "contents" in step:
            assert said(console, f"cat {step[kind]}") == step["contents"]

    return look


def _copied_directory(console: Console, step: Mapping[str, Any]) -> None:
    assert said(console, f"stat -c '%a %u %g' {step['copy-dir']}/file") == "644 0 0"


def _fstab(console: Console, step: Mapping[str, Any]) -> None:
    del step
    uuid, kind = said(console, "findmnt --noheadings --output UUID,FSTYPE /").split()
    first = said(console, "head -1 /etc/fstab").split()
    assert first[:3] == [f"UUID={uuid}", "/", kind]


def _grown(console: Console, step: Mapping[str, Any]) -> None:
    del step
    disk, part = map(int, said(console, "lsblk -bnr -o SIZE /dev/vda").split())
    assert disk - part < 2 * 2**20
    assert int(said(console, "findmnt -bnr -o SIZE /")) > 0.9 * disk


def _grub(console: Console, step: Mapping[str, Any]) -> None:
    words = said(console, "cat /proc/cmdline").split()
    assert {*" ".join(step.get("kernel-params", _PARAMETERS)).split()} <= {*words}
    assert ("console=ttyS0,115200n8" in words) == (step.get("console") == "serial")
    assert ("quiet" in words) == bool(step.get("quiet"))
    is_uefi = "-e" if step["grub"] == "uefi" else "! -e"
    said(console, f"test {is_uefi} /sys/firmware/efi")


def _playbook(console: Console, step: Mapping[str, Any]) -> None:
    word, name, variables = said(console, "cat /etc/trace").split(maxsplit=2)
    assert (word, name) == ("by", "ansible")
    assert json.loads(variables) == [*step.get("extra_vars", {}).values()]


_LOOKS: Mapping[str, Callable[[Console, Mapping[str, Any]], None]] = {
    "mklabel": _table,
    "debootstrap": _system,
    "qemu-debootstrap": _system,
    "apt": _packages,
    "create-dir": _owned("create-dir", umask=0o022),
    "create-file": _owned("create-file"),
    "copy-file": _owned("copy-file"),
    "copy-dir": _copied_directory,
    "fstab": _fstab,
    "resize-rootfs": _grown,
    "ansible": _playbook,
    "grub": _grub,
}
