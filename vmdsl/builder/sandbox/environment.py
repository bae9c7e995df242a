"""The environment variables of a build's programs, and the command that starts one in the tree."""

from __future__ import annotations

import os
from pathlib import Path

from vmdsl import programs
from vmdsl.machines import Arch
from vmdsl.operations.scripts.stand_ins import PLACE

#: Programs of the tree may not look into other processes: a symlink to /proc/1/root leads nowhere.
INTO_TREE = ("setpriv", "--bounding-set=-sys_ptrace", "chroot")
_PATH = f"{PLACE}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ALWAYS = {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
#: systemctl can't find out that no systemd runs here, so SYSTEMD_OFFLINE says it.
_IN_TREE = {"PATH": _PATH, "HOME": "/root", "TERM": "dumb", "SYSTEMD_OFFLINE": "1"}
_PASSED_ON = ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy")


def of_host(
    tree: Path, scratch: Path, epoch: int | None, emulated: Arch | None = None
) -> dict[str, str]:
    """Return the environment of this machine's programs: ours, with ROOT and their own TMPDIR.

    They may run programs of a tree whose architecture is `emulated`: these find their libraries.
    """
    own = {"PATH": f"{PLACE}:{programs.SEARCH}", "ROOT": str(tree), "TMPDIR": str(scratch)}
    if emulated:
        own |= {"QEMU_LD_PREFIX": str(tree), **_emulation(emulated)}
    return programs.environment({**_ALWAYS, **own, **_time(epoch)})


def of_tree(epoch: int | None, emulated: Arch | None = None) -> dict[str, str]:
    """Return the environment of the tree's programs, which has only proxies of this machine."""
    passed = {k: v for k, v in os.environ.items() if k.lower() in _PASSED_ON}
    return {**passed, **_ALWAYS, **_time(epoch), **_IN_TREE, **_emulation(emulated)}


def _emulation(arch: Arch | None) -> dict[str, str]:
    """Return the variables by which QEMU's user mode is told which processor it is to be."""
    binary = arch.traits.binary if arch else None
    return {"QEMU_CPU": binary.processor} if binary and binary.processor else {}


def _time(epoch: int | None) -> dict[str, str]:
    return {} if epoch is None else {"SOURCE_DATE_EPOCH": str(epoch)}
